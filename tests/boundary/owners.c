/* SPDX-License-Identifier: Apache-2.0 */
/* Whose objects are whose, and what others see of a change.
 * usage: owners two LABEL    two clients: a session object is its maker's alone; what one changes of the
 * token's key pair LABEL the other sees by the handle that it had owners user LABEL   a client that may use
 * the token and not manage it; LABEL is a wrapping key of the token's owners crowd LABEL  threads that make,
 * change and destroy at once */
#include "attacker.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define END 0UL
#define THREADS 4
#define ROUNDS 25

static atomic_int failures;

static bool expect(const char *what, CK_RV got, CK_RV wanted)
{
    bool good = got == wanted;
    printf("%s: %s: %s%s%s\n", good ? "ok" : "FAILED", what, sr_rv_name(got), good ? "" : " instead of ",
           good ? "" : sr_rv_name(wanted));
    (void)fflush(stdout);
    failures += !good;
    return good;
}

static void expect_true(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    (void)fflush(stdout);
    failures += !good;
}

static CK_RV set_label(struct signer *s, CK_OBJECT_HANDLE object, const char *label)
{
    CK_ATTRIBUTE a = {CKA_LABEL, (void *)label, strlen(label)};
    return s->module.f->C_SetAttributeValue(s->session, object, &a, 1);
}

static bool is_labelled(struct signer *s, CK_OBJECT_HANDLE object, const char *label)
{
    char text[64];
    CK_ATTRIBUTE a = {CKA_LABEL, text, sizeof(text)};
    return s->module.f->C_GetAttributeValue(s->session, object, &a, 1) == CKR_OK &&
           a.ulValueLen == strlen(label) && memcmp(text, label, a.ulValueLen) == 0;
}

static size_t count(struct signer *s, const char *label, CK_OBJECT_HANDLE *last)
{
    CK_ATTRIBUTE a = {CKA_LABEL, (void *)label, strlen(label)};
    CK_OBJECT_HANDLE *found;
    size_t n = 0;
    if (sr_find(s->module.f, s->session, &a, 1, &found, &n) != CKR_OK)
        return 999;
    if (n > 0)
        *last = found[n - 1];
    free(found);
    return n;
}

/* The two take turns. */
struct turns {
    int in;
    int out;
};

static void wait_turn(const struct turns *t)
{
    char c;
    if (read(t->in, &c, 1) != 1)
        exit(3);
}

static void give_turn(const struct turns *t)
{
    if (write(t->out, "x", 1) != 1)
        exit(3);
}

static CK_RV make_key(struct signer *s, const char *label, bool token, CK_OBJECT_HANDLE *key)
{
    struct template t = secret(CKK_AES, 32, label, true, false, CKA_ENCRYPT, END);
    put_bool(&t, CKA_TOKEN, token);
    return generate_aes(s, &t, key);
}

static void changer(struct signer *s, const struct turns *t)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_OBJECT_HANDLE mine = 0;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE sign = {CKA_SIGN, &no, sizeof(no)};

    expect("one makes a session key", make_key(s, "owners-mine", false, &mine), CKR_OK);
    expect("one signs", signer_sign(s), CKR_OK);
    give_turn(t);
    wait_turn(t);
    expect("one gives the key another label", set_label(s, s->key, "owners-renamed"), CKR_OK);
    expect_true("one reads it", is_labelled(s, s->key, "owners-renamed"));
    expect("one signs", signer_sign(s), CKR_OK);
    give_turn(t);
    wait_turn(t);
    expect("one takes the key's use away", f->C_SetAttributeValue(s->session, s->key, &sign, 1), CKR_OK);
    expect("one signs", signer_sign(s), CKR_KEY_FUNCTION_NOT_PERMITTED);
    give_turn(t);
    wait_turn(t);
    expect("one destroys the key", f->C_DestroyObject(s->session, s->key), CKR_OK);
    expect("one's session key is there", f->C_DestroyObject(s->session, mine), CKR_OK);
    give_turn(t);
}

static void onlooker(struct signer *s, const struct turns *t)
{
    CK_OBJECT_HANDLE again = 0;

    wait_turn(t);
    expect_true("the other sees none of it", count(s, "owners-mine", &again) == 0);
    expect("the other signs", signer_sign(s), CKR_OK);
    give_turn(t);
    wait_turn(t);
    expect_true("the other reads the new label", is_labelled(s, s->key, "owners-renamed"));
    expect("the other signs", signer_sign(s), CKR_OK);
    expect_true("the other finds it by that, with the handle that it had",
                count(s, "owners-renamed", &again) >= 1 && again == s->key);
    give_turn(t);
    wait_turn(t);
    expect("the other signs", signer_sign(s), CKR_KEY_FUNCTION_NOT_PERMITTED);
    give_turn(t);
    wait_turn(t);
    expect_true("the other signs no more", signer_sign(s) != CKR_OK);
    expect_true("the other finds no private key", signer_find(s, "owners-renamed") == CKR_KEY_HANDLE_INVALID);
}

static void two(const char *label)
{
    int there[2];
    int back[2];
    struct signer s = {0};
    int status = 0;

    if (pipe(there) != 0 || pipe(back) != 0)
        exit(3);
    pid_t child = fork();
    bool second = child == 0;
    struct turns turns = {second ? there[0] : back[0], second ? back[1] : there[1]};
    (void)close(second ? there[1] : there[0]);
    (void)close(second ? back[0] : back[1]);
    if (expect(second ? "the other's token" : "one's token", signer_open(&s, label), CKR_OK))
        (second ? onlooker : changer)(&s, &turns);
    signer_close(&s);
    (void)close(turns.in);
    (void)close(turns.out);
    if (second)
        exit(failures == 0 ? 0 : 1);
    expect_true("the other is content", waitpid(child, &status, 0) == child && status == 0);
}

static void user(const char *label)
{
    CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    struct template out = secret(CKK_AES, 32, "owners-out", true, true, CKA_ENCRYPT, END);
    struct template in = secret(CKK_AES, 0, "owners-in", true, false, CKA_ENCRYPT, END);
    struct template on_token = in;
    struct template session = {.n = 0};
    struct template token = {.n = 0};
    struct signer s = {0};
    struct wrapped blob;
    CK_OBJECT_HANDLE kek = 0;
    CK_OBJECT_HANDLE key = 0;
    CK_OBJECT_HANDLE other = 0;

    put_bool(&on_token, CKA_TOKEN, true);
    put_bool(&session, CKA_TOKEN, false);
    put_bool(&token, CKA_TOKEN, true);
    if (!expect("the token", signer_open(&s, NULL), CKR_OK))
        return;
    CK_FUNCTION_LIST *f = s.module.f;
    expect_true("the wrapping key is found", count(&s, label, &kek) == 1);
    expect("a session key is made", generate_aes(&s, &out, &key), CKR_OK);
    expect("a token key", make_key(&s, "owners-stolen", true, &other), CKR_ACTION_PROHIBITED);
    expect("it is wrapped", wrap(&s, &kwp, kek, key, &blob), CKR_OK);
    expect("it is unwrapped into the session", unwrap(&s, &kwp, kek, &blob, &in, &other), CKR_OK);
    expect("onto the token", unwrap(&s, &kwp, kek, &blob, &on_token, &other), CKR_ACTION_PROHIBITED);
    expect("the token's key is copied into the session",
           f->C_CopyObject(s.session, kek, session.a, session.n, &other), CKR_OK);
    expect_true("  and does not decrypt", has(&s, other, CKA_WRAP) && !has(&s, other, CKA_DECRYPT));
    expect("the token's key is copied on the token", f->C_CopyObject(s.session, kek, NULL, 0, &other),
           CKR_ACTION_PROHIBITED);
    expect("a session key is copied onto the token",
           f->C_CopyObject(s.session, key, token.a, token.n, &other), CKR_ACTION_PROHIBITED);
    expect("the token's key gets another label", set_label(&s, kek, "owners-stolen"), CKR_ACTION_PROHIBITED);
    expect("the session key gets another label", set_label(&s, key, "owners-renamed"), CKR_OK);
    expect("the token's key is destroyed", f->C_DestroyObject(s.session, kek), CKR_ACTION_PROHIBITED);
    expect("the session key is destroyed", f->C_DestroyObject(s.session, key), CKR_OK);
    expect("C_Logout", f->C_Logout(s.session), CKR_OK);
    expect("a session key is made", generate_aes(&s, &out, &key), CKR_USER_NOT_LOGGED_IN);
    signer_close(&s);
}

struct worker {
    struct signer s; /* a session of its own */
    pthread_t thread;
    int number;
    atomic_int bad;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct signer *s = &w->s;
    CK_FUNCTION_LIST *f = s->module.f;
    struct template relabel = {.n = 0};
    char label[32];

    (void)snprintf(label, sizeof(label), "owners-crowd-%d", w->number);
    put_bytes(&relabel, CKA_LABEL, label, strlen(label));
    for (int i = 0; i < ROUNDS; i++) {
        CK_OBJECT_HANDLE key = 0;
        CK_OBJECT_HANDLE copy = 0;
        bool good = make_key(s, "owners-crowd", false, &key) == CKR_OK &&
                    set_label(s, key, label) == CKR_OK && is_labelled(s, key, label) &&
                    f->C_CopyObject(s->session, key, relabel.a, relabel.n, &copy) == CKR_OK &&
                    f->C_DestroyObject(s->session, key) == CKR_OK && is_labelled(s, copy, label) &&
                    f->C_DestroyObject(s->session, copy) == CKR_OK;
        /* All of them change and use the same key. */
        CK_RV changed = set_label(s, s->key, i % 2 ? "owners-a" : "owners-b");
        CK_RV signed_it = signer_sign(s);
        if (changed != CKR_OK || signed_it != CKR_OK)
            printf("FAILED: a key that all change: %s, %s\n", sr_rv_name(changed), sr_rv_name(signed_it));
        w->bad += !good || changed != CKR_OK || signed_it != CKR_OK;
    }
    return NULL;
}

static void crowd(const char *label)
{
    static struct worker workers[THREADS];
    struct signer s = {0};
    CK_OBJECT_HANDLE left = 0;

    if (!expect("the token", signer_open(&s, label), CKR_OK))
        return;
    for (int i = 0; i < THREADS; i++) {
        workers[i].s = s;
        workers[i].number = i;
        expect("a session",
               s.module.f->C_OpenSession(s.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                         &workers[i].s.session),
               CKR_OK);
    }
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            exit(3);
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        printf("thread %d: %d of %d rounds failed\n", i, workers[i].bad, ROUNDS);
        expect_true("every round was good", workers[i].bad == 0);
    }
    expect_true("nothing is left", count(&s, "owners-crowd-0", &left) == 0);
    expect("the key still signs", signer_sign(&s), CKR_OK);
    signer_close(&s);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "two") == 0) {
        two(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "user") == 0) {
        user(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "crowd") == 0) {
        crowd(argv[2]);
    } else {
        fputs("usage: owners two|user|crowd LABEL\n", stderr);
        return 2;
    }
    return failures == 0 ? 0 : 1;
}
