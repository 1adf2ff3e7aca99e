/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the unit tests: those of all suites, or of the suites named. */
#include "unit.h"

#include <CUnit/Basic.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/strongroom-unit.XXXXXX";

const char *unit_folder(void)
{
    return folder;
}

const char *unit_file(const char *name, const char *text)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
    (void)chmod(path, 0600);
    return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void activate_only(int argc, char **argv)
{
    for (CU_pSuite s = CU_get_registry()->pSuite; argc > 1 && s != NULL; s = s->pNext) {
        CU_BOOL wanted = CU_FALSE;
        for (int i = 1; i < argc; i++)
            wanted = wanted || strcmp(argv[i], s->pName) == 0;
        (void)CU_set_suite_active(s, wanted);
    }
}

int main(int argc, char **argv)
{
    unsigned failures = 1;

    if (mkdtemp(folder) == NULL || CU_initialize_registry() != CUE_SUCCESS) {
        perror(folder);
        return 2;
    }
    if (CU_register_suites(unit_suites) == CUE_SUCCESS) {
        CU_set_fail_on_inactive(CU_FALSE);
        activate_only(argc, argv);
        CU_basic_set_mode(CU_BRM_VERBOSE);
        if (CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_tests_run() > 0)
            failures = CU_get_number_of_failures();
    }
    CU_cleanup_registry();
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failures == 0 ? 0 : 1;
}
