// SPDX-License-Identifier: Apache-2.0
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;

/** SunPKCS11: signs with the keys of the token that keytool has made, and makes keys of its own.
 *  Arguments: the provider's configuration, the PIN's file, names of keys. */
public class ClientJava {
    private static final byte[] MESSAGE = "a message that is signed".getBytes(StandardCharsets.UTF_8);
    private static Provider token;

    private static void check(String what, boolean good) {
        System.out.println((good ? "ok: " : "FAILED: ") + what);
        if (!good)
            System.exit(1);
    }

    private static byte[] sign(String algorithm, PrivateKey key) throws Exception {
        Signature signature = Signature.getInstance(algorithm, token);
        signature.initSign(key);
        signature.update(MESSAGE);
        return signature.sign();
    }

    /** With a key and an algorithm of Java's own. */
    private static boolean verify(String algorithm, PublicKey key, byte[] made) throws Exception {
        PublicKey plain = java.security.KeyFactory.getInstance(key.getAlgorithm(), key.getAlgorithm().equals("EC") ? "SunEC" : "SunRsaSign")
            .generatePublic(new java.security.spec.X509EncodedKeySpec(key.getEncoded()));
        Signature signature = Signature.getInstance(algorithm, key.getAlgorithm().equals("EC") ? "SunEC" : "SunRsaSign");
        signature.initVerify(plain);
        signature.update(MESSAGE);
        return signature.verify(made);
    }

    private static void useStored(KeyStore store, String name) throws Exception {
        PrivateKey key = (PrivateKey) store.getKey(name, null);
        check("the key store has " + name, key != null && key.getEncoded() == null);
        Certificate certificate = store.getCertificate(name);
        certificate.verify(certificate.getPublicKey());
        String[] algorithms = key.getAlgorithm().equals("EC") ? new String[] {"SHA256withECDSA", "SHA384withECDSA"}
            : new String[] {"SHA256withRSA", "SHA512withRSA"};
        for (String algorithm : algorithms)
            check("  " + algorithm, verify(algorithm, certificate.getPublicKey(), sign(algorithm, key)));
    }

    private static void makePair() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", token);
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        check("a key pair of the session", verify("SHA256withECDSA", pair.getPublic(), sign("SHA256withECDSA", pair.getPrivate())));
    }

    private static void encrypt(String transformation, java.security.spec.AlgorithmParameterSpec parameters)
        throws Exception {
        KeyGenerator generator = KeyGenerator.getInstance("AES", token);
        generator.init(256);
        SecretKey key = generator.generateKey();
        byte[] text = new byte[4096];
        Cipher cipher = Cipher.getInstance(transformation, token);
        cipher.init(Cipher.ENCRYPT_MODE, key, parameters);
        byte[] sealed = cipher.doFinal(text);
        cipher.init(Cipher.DECRYPT_MODE, key, parameters);
        check(transformation, Arrays.equals(cipher.doFinal(sealed), text) && !Arrays.equals(sealed, text));
    }

    public static void main(String[] args) throws Exception {
        token = Security.getProvider("SunPKCS11").configure(args[0]);
        Security.addProvider(token);
        char[] pin = new String(java.nio.file.Files.readAllBytes(java.nio.file.Path.of(args[1]))).trim().toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS11", token);
        store.load(null, pin);
        for (int i = 2; i < args.length; i++)
            useStored(store, args[i]);
        makePair();
        check("SHA-256", Arrays.equals(MessageDigest.getInstance("SHA-256", token).digest(MESSAGE),
            MessageDigest.getInstance("SHA-256", "SUN").digest(MESSAGE)));
        byte[] random = new byte[32];
        SecureRandom.getInstance("PKCS11", token).nextBytes(random);
        check("random bytes", !Arrays.equals(random, new byte[32]));
        encrypt("AES/CBC/NoPadding", new IvParameterSpec(new byte[16]));
        encrypt("AES/CTR/NoPadding", new IvParameterSpec(new byte[16]));
        encrypt("AES/GCM/NoPadding", new GCMParameterSpec(128, new byte[12]));
    }
}
