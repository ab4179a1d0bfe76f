/* A libnvidia-ml.so.1 of one GPU that behaves as the environment variable FAKE_NVML says:
 *
 *   fine        everything is told
 *   none        a driver without a GPU
 *   mismatched  the driver was updated and the old one still runs
 *   unloaded    the library is there, the driver is not
 *   hanging     asking for memory returns only once the file FAKE_NVML_UNTIL exists
 *   lost        the first reading is fine; then comes Xid 79 and the GPU is gone
 *   crowded     after the first reading another program has nearly all of the memory
 *   throttled   too hot
 *   xid         an error of a program, then one of the memory
 *   terse       an old GPU: the memory and nothing else
 *   shared      the GPU uses the machine's memory
 *   broken      an error that nobody knows
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK = 0, NOT_SUPPORTED = 3, SHORT = 7, UNLOADED = 9, TIMEOUT = 10, LOST = 15,
       MISMATCH = 18, UNKNOWN = 999 };

typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { unsigned pid; unsigned long long used; unsigned gi, ci; } Process;
typedef struct { void *device; unsigned long long type, data; unsigned gi, ci; } Event;

static int device, events, readings, told;

static int is(const char *behaviour) {
    const char *chosen = getenv("FAKE_NVML");
    return chosen && !strcmp(chosen, behaviour);
}

static int gone(void) { return is("lost") && readings > 1; }
static int extra(void) { return is("terse") ? NOT_SUPPORTED : gone() ? LOST : OK; }

static int text(char *out, const char *value) {
    strcpy(out, value);
    return OK;
}

static int number(unsigned *out, unsigned value) {
    *out = value;
    return extra();
}

int nvmlInitWithFlags(unsigned flags) {
    if (is("broken")) return UNKNOWN;
    return is("mismatched") ? MISMATCH : is("unloaded") ? UNLOADED : OK;
}
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int result) { return "Unknown Error"; }
int nvmlSystemGetDriverVersion(char *out, unsigned size) {
    readings++; /* the first that a reading asks */
    return text(out, "580.95.05");
}
int nvmlDeviceGetCount_v2(unsigned *out) {
    *out = is("none") ? 0 : 1;
    return OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out) {
    *out = &device;
    return OK;
}
int nvmlDeviceGetName(void *gpu, char *out, unsigned size) { return text(out, "Fake H200"); }
int nvmlDeviceGetUUID(void *gpu, char *out, unsigned size) { return text(out, "GPU-fake-0"); }

int nvmlDeviceGetMemoryInfo(void *gpu, Memory *out) {
    while (is("hanging") && access(getenv("FAKE_NVML_UNTIL"), F_OK)) usleep(1000);
    if (is("shared")) return NOT_SUPPORTED;
    *out = (Memory){141ull << 30, 100ull << 30, 41ull << 30};
    if (is("crowded") && readings > 1) *out = (Memory){141ull << 30, 1ull << 30, 140ull << 30};
    return gone() ? LOST : OK;
}
int nvmlDeviceGetUtilizationRates(void *gpu, Utilization *out) {
    *out = (Utilization){87, 40};
    return extra();
}
int nvmlDeviceGetPowerUsage(void *gpu, unsigned *out) { return number(out, 652500); }
int nvmlDeviceGetEnforcedPowerLimit(void *gpu, unsigned *out) { return number(out, 700000); }
int nvmlDeviceGetTotalEnergyConsumption(void *gpu, unsigned long long *out) {
    *out = 5000000000123ull;
    return extra();
}
int nvmlDeviceGetTemperature(void *gpu, int sensor, unsigned *out) { return number(out, 71); }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *gpu, unsigned long long *out) {
    *out = is("throttled") ? 0x1 | 0x4 | 0x40 : 0x4;
    return extra();
}
int nvmlDeviceGetTotalEccErrors(void *gpu, int kind, int counter, unsigned long long *out) {
    *out = kind == 1 ? 2 : 17;
    return extra();
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *gpu, unsigned *count, Process *out) {
    if (extra()) return extra();
    if (*count < 2) {
        *count = 2;
        return SHORT;
    }
    *count = 2;
    out[0] = (Process){4194303, 1ull << 30, 0, 0};
    out[1] = (Process){getpid(), 40ull << 30, 0, 0};
    return OK;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *gpu, unsigned *count, Process *out) {
    *count = 0;
    return extra();
}

int nvmlEventSetCreate(void **out) {
    *out = &events;
    return OK;
}
int nvmlDeviceRegisterEvents(void *gpu, unsigned long long kinds, void *set) { return extra(); }
int nvmlEventSetWait_v2(void *set, Event *out, unsigned milliseconds) {
    static const unsigned long long programs[] = {31, 48};
    *out = (Event){&device, 8, 79, 0, 0};
    if (gone() && !told++) return OK;
    if (!is("xid") || told == 2) return TIMEOUT;
    out->data = programs[told++];
    return OK;
}
