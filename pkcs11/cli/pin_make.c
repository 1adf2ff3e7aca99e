/* New PINs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "init.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

bool sr_new_pin(char pin[SR_NEW_PIN_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[(SR_NEW_PIN_SIZE - 1) / 2];
    ssize_t got;

    do
        got = getrandom(random, sizeof(random), 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(random)) {
        sr_say("the kernel gives no random bytes for the PINs: %s", strerror(errno));
        return false;
    }
    for (size_t i = 0; i < sizeof(random); i++) {
        pin[2 * i] = digits[random[i] >> 4];
        pin[2 * i + 1] = digits[random[i] & 15];
    }
    pin[SR_NEW_PIN_SIZE - 1] = '\0';
    OPENSSL_cleanse(random, sizeof(random));
    return true;
}
