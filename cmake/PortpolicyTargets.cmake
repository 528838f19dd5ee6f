# What every target of the project is compiled with, and how a folder becomes a library.

add_library(portpolicy_options INTERFACE)
target_compile_features(portpolicy_options INTERFACE cxx_std_23)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
target_include_directories(portpolicy_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(portpolicy_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  $<$<BOOL:${PORTPOLICY_WERROR}>:-Werror>)
target_compile_definitions(portpolicy_options INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(PORTPOLICY_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
  # With its checks compiled in, g++ 12 takes parts of its own std::function for uninitialized; gcc(1) warns of that.
  target_compile_options(portpolicy_options INTERFACE ${sanitizers} -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(portpolicy_options INTERFACE ${sanitizers})
endif()
if(PORTPOLICY_FUZZ)
  target_compile_options(portpolicy_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# portpolicy_library(NAME [FOLDER folder] [ONLY regex] [EXCEPT regex] [SOURCES file...] [USES library...] [PRIVATE library...])
#
# Makes the static library NAME of the sources of one folder (not of the folders below it; the one that includes this
# unless FOLDER says another); ONLY and EXCEPT choose among the file names. USES are the libraries whose headers it may
# include, so a call that the dependency order forbids does not link. Without any source it is a library of headers.
function(portpolicy_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER;ONLY;EXCEPT" "SOURCES;USES;PRIVATE")
  if(NOT arg_FOLDER)
    set(arg_FOLDER ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${arg_FOLDER}/*.cpp)
  file(GLOB headers CONFIGURE_DEPENDS ${arg_FOLDER}/*.h)
  foreach(list IN ITEMS sources headers)
    if(arg_ONLY)
      list(FILTER ${list} INCLUDE REGEX "/(${arg_ONLY})[^/]*$")
    endif()
    if(arg_EXCEPT)
      list(FILTER ${list} EXCLUDE REGEX "/(${arg_EXCEPT})[^/]*$")
    endif()
  endforeach()
  list(APPEND sources ${arg_SOURCES})
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC portpolicy_options ${arg_USES} PRIVATE ${arg_PRIVATE})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE portpolicy_options ${arg_USES})
  endif()
  if(headers)
    target_sources(${name} INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  endif()
endfunction()
