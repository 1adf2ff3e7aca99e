// SPDX-License-Identifier: Apache-2.0
// pkcs11js on the module STRONGROOM_MODULE: what a program that works with a token would do, checked by Node's own crypto.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const p11 = require('pkcs11js');

const MESSAGE = Buffer.from('a message that is signed');
const P256 = Buffer.from('06082a8648ce3d030107', 'hex');
const KWP = 0x210a;
const module_ = new p11.PKCS11();
let session;

function check(what, good) {
    console.log(`${good ? 'ok' : 'FAILED'}: ${what}`);
    assert(good, what);
}

function attributes(values) {
    return Object.entries(values).map(([name, value]) => ({type: p11['CKA_' + name.toUpperCase()], value}));
}

function value(object, type) {
    return module_.C_GetAttributeValue(session, object, [{type}])[0].value;
}

function find(label) {
    module_.C_FindObjectsInit(session, attributes({label}));
    const found = module_.C_FindObjects(session, 10);
    module_.C_FindObjectsFinal(session);
    return found;
}

function sign(mechanism, key, data, parts = 1) {
    module_.C_SignInit(session, mechanism, key);
    if (parts === 1)
        return module_.C_Sign(session, data, Buffer.alloc(512));
    for (let i = 0; i < parts; i++)
        module_.C_SignUpdate(session, data);
    return module_.C_SignFinal(session, Buffer.alloc(512));
}

function crypt(how, mechanism, key, data) {
    module_[`C_${how}Init`](session, mechanism, key);
    return module_[`C_${how}`](session, data, Buffer.alloc(data.length + 64));
}

function secretKey(length, flags) {
    return module_.C_GenerateKey(session, {mechanism: p11.CKM_AES_KEY_GEN},
        attributes({class: p11.CKO_SECRET_KEY, key_type: p11.CKK_AES, value_len: length, token: false, sensitive: true, ...flags}));
}

function rsa() {
    const pair = module_.C_GenerateKeyPair(session, {mechanism: p11.CKM_RSA_PKCS_KEY_PAIR_GEN},
        attributes({token: true, label: 'js-rsa', modulus_bits: 2048, public_exponent: Buffer.from([1, 0, 1]), verify: true}),
        attributes({token: true, label: 'js-rsa', private: true, sensitive: true, sign: true}));
    const key = crypto.createPublicKey({format: 'jwk', key: {kty: 'RSA',
        n: value(pair.publicKey, p11.CKA_MODULUS).toString('base64url'),
        e: value(pair.publicKey, p11.CKA_PUBLIC_EXPONENT).toString('base64url')}});
    const signature = sign({mechanism: p11.CKM_SHA256_RSA_PKCS}, pair.privateKey, MESSAGE);
    check('a signature with RSA', crypto.verify('sha256', MESSAGE, key, signature));
    check('  is none of another message', !crypto.verify('sha256', Buffer.from('x'), key, signature));
    const parts = sign({mechanism: p11.CKM_SHA256_RSA_PKCS}, pair.privateKey, MESSAGE, 3);
    check('a signature in parts', crypto.verify('sha256', Buffer.concat([MESSAGE, MESSAGE, MESSAGE]), key, parts));
    module_.C_VerifyInit(session, {mechanism: p11.CKM_SHA256_RSA_PKCS}, pair.publicKey);
    check('C_Verify', module_.C_Verify(session, MESSAGE, signature));
    check('C_FindObjects', find('js-rsa').length === 2);
    assert.throws(() => value(pair.privateKey, p11.CKA_PRIVATE_EXPONENT), /CKR_ATTRIBUTE_SENSITIVE/);
    check('the private exponent stays where it is', true);
    module_.C_DestroyObject(session, pair.publicKey);
    module_.C_DestroyObject(session, pair.privateKey);
    check('C_DestroyObject', find('js-rsa').length === 0);
}

function ecdsa() {
    const pair = module_.C_GenerateKeyPair(session, {mechanism: p11.CKM_EC_KEY_PAIR_GEN},
        attributes({token: false, ec_params: P256, verify: true}),
        attributes({token: false, sensitive: true, sign: true}));
    const point = value(pair.publicKey, p11.CKA_EC_POINT).subarray(3);
    const key = crypto.createPublicKey({format: 'jwk', key: {kty: 'EC', crv: 'P-256',
        x: point.subarray(0, 32).toString('base64url'), y: point.subarray(32).toString('base64url')}});
    module_.C_DigestInit(session, {mechanism: p11.CKM_SHA256});
    const digest = module_.C_Digest(session, MESSAGE, Buffer.alloc(64));
    check('C_Digest', digest.equals(crypto.createHash('sha256').update(MESSAGE).digest()));
    const signature = sign({mechanism: p11.CKM_ECDSA}, pair.privateKey, digest);
    check('a signature with P-256', crypto.verify('sha256', MESSAGE, {key, dsaEncoding: 'ieee-p1363'}, signature));
}

function encryption() {
    const key = secretKey(32, {encrypt: true, decrypt: true, extractable: false});
    const iv = module_.C_GenerateRandom(session, Buffer.alloc(12));
    const gcm = {mechanism: p11.CKM_AES_GCM, parameter: {type: p11.CK_PARAMS_AES_GCM, iv, aad: Buffer.from('aad'),
        ivBits: 96, tagBits: 128}};
    const sealed = crypt('Encrypt', gcm, key, MESSAGE);
    check('AES-GCM adds a tag', sealed.length === MESSAGE.length + 16);
    check('  and decrypts', crypt('Decrypt', gcm, key, sealed).equals(MESSAGE));
    sealed[0] ^= 1;
    assert.throws(() => crypt('Decrypt', gcm, key, sealed), /CKR_/);
    check('  and not what was changed', true);
    const cbc = {mechanism: p11.CKM_AES_CBC, parameter: Buffer.alloc(16, 7)};
    check('AES-CBC', crypt('Decrypt', cbc, key, crypt('Encrypt', cbc, key, Buffer.alloc(64, 1))).equals(Buffer.alloc(64, 1)));
}

function wrapping() {
    const wrapper = secretKey(32, {wrap: true, unwrap: true, encrypt: false, decrypt: false});
    const key = secretKey(16, {encrypt: true, decrypt: true, extractable: true});
    const wrapped = module_.C_WrapKey(session, {mechanism: KWP}, wrapper, key, Buffer.alloc(256));
    check('C_WrapKey', wrapped.length === 24);
    const again = module_.C_UnwrapKey(session, {mechanism: KWP}, wrapper, wrapped,
        attributes({class: p11.CKO_SECRET_KEY, key_type: p11.CKK_AES, token: false, sensitive: true, extractable: false,
            encrypt: true, decrypt: true}));
    const cbc = {mechanism: p11.CKM_AES_CBC, parameter: Buffer.alloc(16)};
    check('C_UnwrapKey gives the same key',
        crypt('Encrypt', cbc, key, MESSAGE.subarray(0, 16)).equals(crypt('Encrypt', cbc, again, MESSAGE.subarray(0, 16))));
}

function data() {
    const object = module_.C_CreateObject(session,
        attributes({class: p11.CKO_DATA, token: true, private: true, label: 'js-data', value: MESSAGE}));
    check('C_CreateObject, data', value(object, p11.CKA_VALUE).equals(MESSAGE));
    const copy = module_.C_CopyObject(session, object, attributes({token: false, label: 'js-copy'}));
    check('C_CopyObject', value(copy, p11.CKA_VALUE).equals(MESSAGE) && find('js-copy').length === 1);
    module_.C_SetAttributeValue(session, object, attributes({label: 'js-data-2'}));
    check('C_SetAttributeValue', find('js-data-2').length === 1);
    module_.C_DestroyObject(session, object);
}

module_.load(process.env.STRONGROOM_MODULE);
module_.C_Initialize();
const pin = fs.readFileSync(process.env.TOKEN_PIN_FILE, 'ascii').trim();
const slot = module_.C_GetSlotList(true).find((s) => module_.C_GetTokenInfo(s).label.trim() === process.env.TOKEN_LABEL);
check('C_GetSlotList', slot !== undefined);
check('C_GetMechanismList', module_.C_GetMechanismList(slot).includes(p11.CKM_ECDSA));
session = module_.C_OpenSession(slot, p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION);
module_.C_Login(session, p11.CKU_USER, pin);
check('C_Login', module_.C_GetSessionInfo(session).state === 3);
for (const part of [rsa, ecdsa, encryption, wrapping, data])
    part();
module_.C_Logout(session);
module_.C_CloseSession(session);
module_.C_Finalize();
module_.close();
