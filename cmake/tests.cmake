# How tests are added; they are run by ctest.

# gorace_unit_test(NAME SOURCE...): a cmocka program of tests/unit, linked with the core.
function(gorace_unit_test name)
    add_executable(${name} ${ARGN})
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE= GORACE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_compile_options(${name} PRIVATE -mcx16)
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests/support)
    target_link_libraries(${name} PRIVATE gorace_warnings gorace_core ${CMOCKA} pthread)
    add_test(NAME unit/${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(unit/${name} PROPERTIES TIMEOUT 900)
endfunction()

# gorace_check(NAME COMMAND...): a test that is a command; status 77 means that there is nothing to test here.
function(gorace_check name)
    add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77)
endfunction()

# gorace_preloaded_test(NAME SOURCE...): a plain program that runs under the detector and fails by its status.
function(gorace_preloaded_test name)
    add_executable(${name} ${ARGN})
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE=)
    target_compile_options(${name} PRIVATE -mcx16)
    # -iquote: preload/threads.h is not <threads.h>.
    target_compile_options(${name} PRIVATE -iquote ${CMAKE_SOURCE_DIR}/preload)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support ${CMAKE_SOURCE_DIR}/detector
                               ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(${name} PRIVATE gorace_warnings ${CMOCKA} pthread dl)
    add_test(NAME preload/${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(preload/${name} PROPERTIES TIMEOUT 900 ENVIRONMENT LD_PRELOAD=$<TARGET_FILE:gorace>)
endfunction()
