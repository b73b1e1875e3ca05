/* To be written: see runtime/CMakeLists.txt. */
