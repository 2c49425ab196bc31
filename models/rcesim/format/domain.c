#include "models/rcesim/format/domain.h"

#include <string.h>

const struct domain *const domains[] = {&domain_vmc, &domain_contention, NULL};

const struct domain *domain_find(const char *name)
{
    for (size_t i = 0; domains[i] != NULL; i++)
        if (strcmp(domains[i]->model->name, name) == 0)
            return domains[i];
    return NULL;
}
