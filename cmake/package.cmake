# What is beside the programs and libraries in an installation: the packages of CMake and pkg-config, manual pages, pages for
# people; and the .deb. `cpack -G DEB` in a build folder makes it; tests/package has both on trial.
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/gorace)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/gorace-config.cmake.in ${CMAKE_BINARY_DIR}/package/gorace-config.cmake
    INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/gorace-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/gorace-config.cmake ${CMAKE_BINARY_DIR}/package/gorace-config-version.cmake
        DESTINATION ${package})

foreach(name gorace gorace-clang goro)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${CMAKE_BINARY_DIR}/package/${name}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/package/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.json")
install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gorace)
set(CPACK_PACKAGE_CONTACT "gorace maintainers <gorace@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Of gorace run nothing is needed; gorace cc wants a compiler.
# libzydis4.0: libraries that order threads by their own atomics, instrument=1, sample=
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gcc | clang, libzydis4.0")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/triggers)
include(CPack)
