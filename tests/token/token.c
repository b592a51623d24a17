/* A hardware key that is none: what OpenSSH loads in place of its USB driver (SSH_SK_PROVIDER in ssh-keygen(1), the interface of
 * PROTOCOL.u2f, version 10). It holds ed25519 keys, whose handle is the private key itself, and signs as a token does: over the
 * hash of the application, flags, a counter, and the message. It is touched when
 * the file `token-touched` is in the home folder, and waits for it. For tests only. */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY = 32, SIGNATURE = 64, ED25519 = 1, TOUCHED = 1, GENERAL = -1, UNSUPPORTED = -2 };

struct enrolled {
    uint8_t flags;
    uint8_t *public_key;
    size_t public_key_len;
    uint8_t *handle;
    size_t handle_len;
    uint8_t *signature;
    size_t signature_len;
    uint8_t *certificate;
    size_t certificate_len;
    uint8_t *authdata;
    size_t authdata_len;
};

struct sealed {
    uint8_t flags;
    uint32_t counter;
    uint8_t *r;
    size_t r_len;
    uint8_t *s;
    size_t s_len;
};

uint32_t sk_api_version(void) { return 0x000a0000; }

int sk_enroll(uint32_t algorithm, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags,
              const char *pin, void **options, struct enrolled **out) {
    (void)challenge, (void)challenge_len, (void)application, (void)pin, (void)options;
    if (algorithm != ED25519) return UNSUPPORTED;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct enrolled *made = calloc(1, sizeof *made);
    if (key == NULL || made == NULL) return GENERAL;
    made->flags = flags;
    made->public_key_len = made->handle_len = KEY;
    made->public_key = malloc(KEY);
    made->handle = malloc(KEY);
    if (EVP_PKEY_get_raw_public_key(key, made->public_key, &made->public_key_len) != 1 ||
        EVP_PKEY_get_raw_private_key(key, made->handle, &made->handle_len) != 1)
        return GENERAL;
    EVP_PKEY_free(key);
    *out = made;
    return 0;
}

int sk_sign(uint32_t algorithm, const uint8_t *data, size_t data_len, const char *application, const uint8_t *handle,
            size_t handle_len, uint8_t flags, const char *pin, void **options, struct sealed **out) {
    (void)pin, (void)options;
    if (algorithm != ED25519 || handle_len != KEY) return UNSUPPORTED;
    const char *home = getenv("HOME");
    if (home == NULL || chdir(home) != 0) return GENERAL;
    while (access("token-touched", F_OK) != 0) usleep(20000);
    uint32_t counter = 7;
    uint8_t said[2 * SHA256_DIGEST_LENGTH + 5] = {0}, *at = said;
    SHA256((const uint8_t *)application, strlen(application), at);
    at += SHA256_DIGEST_LENGTH;
    *at++ = flags | TOUCHED;
    at[3] = (uint8_t)counter;
    at += 4;
    SHA256(data, data_len, at);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, handle, KEY);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct sealed *made = calloc(1, sizeof *made);
    if (key == NULL || context == NULL || made == NULL) return GENERAL;
    made->flags = flags | TOUCHED;
    made->counter = counter;
    made->r_len = SIGNATURE;
    made->r = malloc(SIGNATURE);
    if (EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(context, made->r, &made->r_len, said, sizeof said) != 1)
        return GENERAL;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    *out = made;
    return 0;
}

int sk_load_resident_keys(const char *pin, void **options, void ***keys, size_t *count) {
    (void)pin, (void)options, (void)keys, (void)count;
    return UNSUPPORTED;
}
