# localmamba_embed_labels(JSON TEMPLATE OUTPUT VARIABLE)
# Configures TEMPLATE into OUTPUT with VARIABLE set to the strings of a labels.json as a C++ list.
# The strings must need no JSON escapes that C++ lacks; the built-in names are plain ASCII.
function(localmamba_embed_labels json template output variable)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${json})
  file(READ ${json} text)
  string(REGEX REPLACE "^[^[]*\\[|\\][^]]*$" "" ${variable} "${text}")
  configure_file(${template} ${output} @ONLY)
endfunction()
