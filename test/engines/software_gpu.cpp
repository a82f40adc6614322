// A CUDA driver in software: as much of it as vlm_ros/runtimes/cuda.py calls, with the memory of the
// GPU in that of the computer. NVIDIA's Python bindings load it as libcuda.so.1. A copy or a kernel
// that is put into a stream runs at once, unless the stream is being captured.
//
// Compiled with the kernels of picture_kernel.py and a launcher `all_<kernel>` for each, which the
// test writes above this.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>
#include <vector>

using Work = std::vector<std::function<void()>>;

static std::set<void*> allocated;
static size_t allocations = 0;
static int capturing = 0;
static Work recording;

static int put(std::function<void()> work) {
    if (capturing) recording.push_back(work); else work();
    return 0;
}

static int allocate(void** address, size_t size) {
    if (capturing) return 900;  // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
    *address = std::malloc(size);
    allocated.insert(*address);
    ++allocations;
    return 0;
}

static int release(void* address) {
    if (!allocated.erase(address)) return 1;  // CUDA_ERROR_INVALID_VALUE
    std::free(address);
    return 0;
}

extern "C" {

// What a test asks.
size_t living() { return allocated.size(); }
size_t ever() { return allocations; }
// What a stand-in for an engine does in the stream.
int put_call(void (*function)()) { return put([=] { function(); }); }

int cuInit(unsigned) { return 0; }
int cuDriverGetVersion(int* version) { *version = 13000; return 0; }
int cuDeviceGet(int* device, int) { *device = 0; return 0; }
int cuDeviceGetName(char* name, int size, int) { std::strncpy(name, "Software", size); return 0; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
    *value = attribute == 75 ? 8 : 7;  // compute capability 8.7
    return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) { *context = &allocated; return 0; }
int cuCtxSetCurrent(void*) { return 0; }
int cuStreamCreate(void** stream, unsigned) { *stream = new int(0); return 0; }
int cuEventCreate(void** event, unsigned) { *event = new int(0); return 0; }
int cuEventRecord(void*, void*) { return capturing ? 900 : 0; }
int cuEventSynchronize(void*) { return capturing ? 900 : 0; }
int cuMemAlloc(void** address, size_t size) { return allocate(address, size); }
int cuMemFree(void* address) { return release(address); }
int cuMemAllocHost(void** address, size_t size) { return allocate(address, size); }
int cuMemFreeHost(void* address) { return release(address); }
int cuMemGetInfo(size_t* free, size_t* total) {
    *total = 1 << 30;
    *free = *total - allocated.size();
    return 0;
}
int cuMemcpyHtoD(void* to, const void* from, size_t size) { std::memcpy(to, from, size); return 0; }
int cuMemcpyHtoDAsync(void* to, const void* from, size_t size, void*) {
    return put([=] { std::memcpy(to, from, size); });
}
int cuMemcpyDtoHAsync(void* to, const void* from, size_t size, void*) {
    return put([=] { std::memcpy(to, from, size); });
}
int cuModuleLoadData(void** module, const void* image) {
    *module = nullptr;
    return std::memcmp(image, "\x7f" "ELF", 4) == 0 ? 0 : 200;  // CUDA_ERROR_INVALID_IMAGE
}
int cuModuleGetFunction(void** function, void*, const char* name) {
    *function = std::strcmp(name, "from_picture") == 0 ? (void*)from_picture : (void*)from_planes;
    return 0;
}

#define VALUE(type, index) (*(type*)p[index])
int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned, unsigned bx, unsigned by,
                   unsigned, unsigned, void*, void** p, void**) {
    const int columns = gx * bx, rows = gy * by;
    if (function == (void*)from_picture) {
        auto picture = VALUE(const unsigned char*, 0);
        auto between = VALUE(float*, 3);
        auto first = VALUE(const int*, 6);
        auto weights = VALUE(const float*, 7);
        const int a = VALUE(int, 1), b = VALUE(int, 2), c = VALUE(int, 4), d = VALUE(int, 5);
        const int taps = VALUE(int, 8), along_x = VALUE(int, 9), whole = VALUE(int, 11);
        const float pad = VALUE(float, 10);
        return put([=] {
            all_from_picture(columns, rows, picture, a, b, between, c, d, first, weights, taps,
                             along_x, pad, whole);
        });
    }
    auto between = VALUE(const float*, 0);
    auto tensor = VALUE(float*, 3);
    auto first = VALUE(const int*, 10);
    auto weights = VALUE(const float*, 11);
    int n[6] = {VALUE(int, 4), VALUE(int, 5), VALUE(int, 6), VALUE(int, 7), VALUE(int, 8),
                VALUE(int, 9)};
    std::vector<int> sizes(n, n + 6);
    const int a = VALUE(int, 1), b = VALUE(int, 2), taps = VALUE(int, 12);
    const int along_x = VALUE(int, 13), whole = VALUE(int, 15);
    const float pad = VALUE(float, 14);
    std::vector<float> f;
    for (int i = 16; i < 22; ++i) f.push_back(VALUE(float, i));
    return put([=] {
        all_from_planes(columns, rows, between, a, b, tensor, sizes[0], sizes[1], sizes[2],
                        sizes[3], sizes[4], sizes[5], first, weights, taps, along_x, pad, whole,
                        f[0], f[1], f[2], f[3], f[4], f[5]);
    });
}

int cuStreamBeginCapture(void*, int) { capturing = 1; recording.clear(); return 0; }
int cuStreamEndCapture(void*, void** graph) {
    capturing = 0;
    *graph = new Work(recording);
    return 0;
}
int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    *executable = new Work(*(Work*)graph);
    return 0;
}
int cuGraphInstantiate(void** executable, void* graph, unsigned long long flags) {
    return cuGraphInstantiateWithFlags(executable, graph, flags);
}
int cuGraphDestroy(void* graph) { delete (Work*)graph; return 0; }
int cuGraphLaunch(void* executable, void*) {
    for (auto& work : *(Work*)executable) work();
    return 0;
}
int cuGraphExecDestroy(void* executable) { delete (Work*)executable; return 0; }

// How the bindings find the others, whatever the version of their names.
int cuGetProcAddress_v2(const char* name, void** address, int, uint64_t, int* status) {
#define IS(function) \
    if (std::strcmp(name, #function) == 0) { *address = (void*)function; return 0; }
    IS(cuInit) IS(cuDriverGetVersion) IS(cuDeviceGet) IS(cuDeviceGetName) IS(cuDeviceGetAttribute)
    IS(cuDevicePrimaryCtxRetain) IS(cuCtxSetCurrent) IS(cuStreamCreate) IS(cuEventCreate)
    IS(cuEventRecord) IS(cuEventSynchronize) IS(cuMemAlloc) IS(cuMemFree) IS(cuMemAllocHost)
    IS(cuMemFreeHost) IS(cuMemGetInfo) IS(cuMemcpyHtoD) IS(cuMemcpyHtoDAsync)
    IS(cuMemcpyDtoHAsync) IS(cuModuleLoadData) IS(cuModuleGetFunction) IS(cuLaunchKernel)
    IS(cuStreamBeginCapture) IS(cuStreamEndCapture) IS(cuGraphInstantiate) IS(cuGraphDestroy)
    IS(cuGraphLaunch) IS(cuGraphExecDestroy) IS(cuGraphInstantiateWithFlags)
    *address = nullptr;
    if (status) *status = 1;
    return 0;
}

}
