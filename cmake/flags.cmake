# Compiler flags by kind of code, as interface targets.

# Everything that we write.
add_library(gorace_warnings INTERFACE)
target_compile_options(gorace_warnings INTERFACE -Wall -Wextra $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
                       $<$<BOOL:${GORACE_WERROR}>:-Werror>)

# Code that lives inside of somebody else's process. -fno-builtin and no loop patterns: a loop must not become a call of
# memset, which is the program's, seen through our own wrapper. Initial-exec: a thread-local variable of the detector
# must not be allocated at its first use, inside of malloc. -mcx16: 16-byte atomics without libatomic. -fexceptions: C++
# exceptions and the unwinding of pthread_cancel pass through wrappers. Null checks: libc's headers promise that arguments
# are not null, which is what a wrapper must not believe.
add_library(gorace_inside INTERFACE)
target_compile_options(gorace_inside INTERFACE -fvisibility=hidden -fno-plt -ftls-model=initial-exec -fno-builtin
                       -fexceptions -fno-stack-protector -fno-delete-null-pointer-checks -mcx16
                       $<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>)
target_compile_definitions(gorace_inside INTERFACE _GNU_SOURCE=)
target_include_directories(gorace_inside INTERFACE ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(gorace_inside INTERFACE gorace_warnings)

# The core and its unit tests, under the sanitizers of the asan-ubsan preset.
add_library(gorace_sanitize INTERFACE)
if(GORACE_SANITIZE)
    target_compile_options(gorace_sanitize INTERFACE -fsanitize=${GORACE_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer)
    target_link_options(gorace_sanitize INTERFACE -fsanitize=${GORACE_SANITIZE})
endif()

# For programs that gcc instruments (gorace cc, gorace.pc, gorace::instrument): functions that gcc would put into the code without a
# hook, when the size is a constant. memcpy is not among them: programs read words with it, and one of a word's size has a hook.
set(GORACE_GCC_FLAGS "-fno-builtin-memset -fno-builtin-memmove -fno-builtin-memcmp -fno-builtin-strcpy -fno-builtin-stpcpy -fno-builtin-strcat")
