# Compiler launcher: ccache where it is installed.
find_program(LOCALMAMBA_CCACHE ccache)
if(LOCALMAMBA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LOCALMAMBA_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${LOCALMAMBA_CCACHE})
endif()
