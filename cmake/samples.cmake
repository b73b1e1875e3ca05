# Programs that are compiled with the hooks, as a user would compile them.
#
# gcc: plain -fsanitize=thread; the program asks for libtsan.so.2, and the preloaded libgorace.so is that.
# clang: its runtime would be linked into the program, so it is left out and libgorace_hooks.so takes its place.

add_library(gorace_instrumented INTERFACE)
target_compile_options(gorace_instrumented INTERFACE -fsanitize=thread -g)
target_link_options(gorace_instrumented INTERFACE -fsanitize=thread)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_link_options(gorace_instrumented INTERFACE -fno-sanitize-link-runtime)
    target_link_libraries(gorace_instrumented INTERFACE gorace_hooks)
    set(GORACE_COMPILER clang)
else()
    set(GORACE_COMPILER gcc)
endif()

# gorace_program(FOLDER NAME SOURCE...): an instrumented program bin/FOLDER/NAME, with the invisible barrier at hand.
function(gorace_program folder name)
    add_executable(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${folder})
    # Level 1: enough inlining to be like a real build, and line numbers that stay where they were written.
    target_compile_options(${name} PRIVATE -O1 -mcx16)
    target_compile_definitions(${name} PRIVATE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE=>)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/tests/support)
    target_link_libraries(${name} PRIVATE gorace_warnings gorace_instrumented pthread)
endfunction()
