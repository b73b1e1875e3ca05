/* Names to addresses, with a deadline. Essay: dns.c. */
#ifndef RT_DNS_H
#define RT_DNS_H

#include <stdint.h>

struct addrinfo;

/* getaddrinfo(3), its EAI_ codes; with EAI_SYSTEM *error is the errno value, ETIMEDOUT at the deadline. */
int rt_resolve(const char *host, const char *service, const struct addrinfo *hints, int64_t deadline,
               struct addrinfo **found, int *error);

#endif
