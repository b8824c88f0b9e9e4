# Warnings are errors in our own code. Link localmamba_warnings privately; generated code does not.
# Arguments of operations are structs whose optional members designated initialisers leave out.
add_library(localmamba_warnings INTERFACE)
target_compile_options(
  localmamba_warnings
  INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wsign-conversion;-Wno-missing-field-initializers;-Werror>
            $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wno-missing-field-initializers,-Werror;--Werror=all-warnings>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(localmamba_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wthread-safety>)
endif()
