# localmamba_pytest(NAME FILE... [PROPERTIES ctest properties...])
# One CTest test that runs the given pytest files (relative to the current folder) in build/python-env; it is skipped if
# tests/python-env.sh could not make that. tests/conftest.py has the fixtures with the built programs.
function(localmamba_pytest name)
  if(NOT LOCALMAMBA_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "PROPERTIES" ${ARGN})
  list(TRANSFORM ARG_UNPARSED_ARGUMENTS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  if(NOT ARG_PROPERTIES)
    set(ARG_PROPERTIES TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND tests/pytest.sh ${files} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(
    ${name}
    PROPERTIES SKIP_RETURN_CODE 77
               ENVIRONMENT LOCALMAMBA_PROGRAMS=${PROJECT_BINARY_DIR}/bin
               ${ARG_PROPERTIES})
endfunction()
