# Programs and tests on libgoro.

# goro_program(FOLDER NAME SOURCE...): bin/FOLDER/NAME, linked with libgoro.
function(goro_program folder name)
    add_executable(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${folder})
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE=)
    target_link_libraries(${name} PRIVATE gorace_warnings goro)
endfunction()

# goro_test(NAME SOURCE...): a cmocka program of tests/runtime, run as runtime/NAME/procs-N for N = 1, 2 and 8.
function(goro_test name)
    goro_program(tests ${name} ${ARGN})
    # Tests may look inside. -iquote: runtime/poll.h is not <poll.h>.
    target_compile_options(${name} PRIVATE -iquote ${CMAKE_SOURCE_DIR}/runtime)
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${CMOCKA})
    foreach(procs 1 2 8)
        add_test(NAME runtime/${name}/procs-${procs} COMMAND ${name})
        set_tests_properties(runtime/${name}/procs-${procs} PROPERTIES TIMEOUT 600 ENVIRONMENT GORO_MAXPROCS=${procs})
    endforeach()
endfunction()
