/* How many processors this process may use: those of its affinity mask, and no more than its cgroup's quota pays for.
 *
 * /proc/self/cgroup has a line for each hierarchy, NUMBER:CONTROLLERS:PATH. The unified one is 0::PATH, and its quotas are in cpu.max; of
 * the older ones, that with the controller cpu counts, which is mounted under the names of its controllers. The quotas of all
 * folders up to the root count, whichever is the least. In a container the path may be the host's, of which the root alone is there. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "arch/x86_64/syscall.h"
#include "os.h"

#define NO_QUOTA INT64_MAX

/* Of one folder. */
static int64_t quota_v2(const char *folder)
{
    char path[1200], text[128];
    long quota, period;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!rt_read_file(path, text, sizeof text) || sscanf(text, "%ld %ld", &quota, &period) != 2 || period <= 0)
        return NO_QUOTA;
    return (quota + period - 1) / period;
}

static bool number(const char *folder, const char *name, long *value)
{
    char path[1200], text[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return rt_read_file(path, text, sizeof text) && sscanf(text, "%ld", value) == 1;
}

static int64_t quota_v1(const char *folder)
{
    long quota, period;
    if (!number(folder, "cpu.cfs_quota_us", &quota) || !number(folder, "cpu.cfs_period_us", &period) || quota <= 0 ||
        period <= 0)
        return NO_QUOTA;
    return (quota + period - 1) / period;
}

/* Of the folders from mount/group up to mount. */
static int64_t least(const char *mount, const char *group, int64_t (*quota)(const char *folder))
{
    char folder[1100];
    int64_t result = NO_QUOTA;
    snprintf(folder, sizeof folder, "%s%s", mount, group);
    for (;;) {
        int64_t here = quota(folder);
        result = here < result ? here : result;
        if (strlen(folder) <= strlen(mount))
            return result;
        *strrchr(folder, '/') = '\0';
    }
}

/* Whether list, separated by commas, has name. */
static bool has(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, size) == 0 && (at[size] == ',' || at[size] == '\0'))
            return true;
    }
    return false;
}

static int64_t quota_of(char *line)
{
    char mount[128];
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return NO_QUOTA;
    *group++ = '\0';
    controllers++;
    if (*controllers == '\0')
        return least("/sys/fs/cgroup", group, quota_v2);
    if (!has(controllers, "cpu"))
        return NO_QUOTA;
    snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", controllers);
    return least(mount, group, quota_v1);
}

static int64_t quota_cpus(void)
{
    char groups[2048];
    int64_t result = NO_QUOTA;
    if (!rt_read_file("/proc/self/cgroup", groups, sizeof groups))
        return result;
    for (char *line = groups, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        int64_t quota = quota_of(line);
        result = quota < result ? quota : result;
    }
    return result;
}

int rt_cpus(void)
{
    unsigned long mask[128];
    long bytes = rt_syscall(SYS_sched_getaffinity, 0, sizeof mask, (long)mask, 0, 0, 0);
    int64_t count = 0, quota = quota_cpus();
    for (long i = 0; i < bytes / (long)sizeof mask[0]; i++)
        count += __builtin_popcountl(mask[i]);
    count = quota < count ? quota : count;
    return count < 1 ? 1 : (int)count;
}
