# LOCALMAMBA_SANITIZE: comma-separated sanitizers for everything that is built, e.g. "address,undefined".
set(LOCALMAMBA_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
if(LOCALMAMBA_SANITIZE)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${LOCALMAMBA_SANITIZE}>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all>)
  add_link_options(-fsanitize=${LOCALMAMBA_SANITIZE})
endif()
# libFuzzer is guided by the coverage of everything that is built.
if(LOCALMAMBA_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "LOCALMAMBA_BUILD_FUZZERS: the compiler is ${CMAKE_CXX_COMPILER_ID}, wanted Clang")
  endif()
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>)
endif()
