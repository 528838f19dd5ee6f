# What an installation has beside the program, and the Debian package that CPack makes of it: ./dev package.

set(PORTPOLICY_MAINTAINER "portpolicy developers <portpolicy@example.org>" CACHE STRING
  "Who is named as the maintainer of the Debian package")

set(doc ${CMAKE_INSTALL_DATADIR}/doc/portpolicy)
# Laid out as in the sources, so that the links between the pages hold.
install(FILES README.md DESTINATION ${doc})
install(DIRECTORY docs examples DESTINATION ${doc})
install(DIRECTORY packaging DESTINATION ${doc})
install(FILES cmake/package/copyright DESTINATION ${doc})
install(FILES policies/registry/LICENCE.md DESTINATION ${doc} RENAME copyright.registry)
# The headers of these libraries become a part of the program, so their notices go along.
foreach(library IN ITEMS libcli11-dev nlohmann-json3-dev)
  install(FILES /usr/share/doc/${library}/copyright DESTINATION ${doc} RENAME copyright.${library} OPTIONAL)
endforeach()

# `cmake --install` and CPack install what has been built; they do not build the benchmarks first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGE_CONTACT ${PORTPOLICY_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler for firewall policies")
set(CPACK_PACKAGE_DESCRIPTION
"portpolicy reads firewall policies written as YAML files: who may reach what
on a host. It finds what contradicts itself, proves what is claimed about a
policy, says what becomes of any packet and by which rule, and writes native
firewall rules for nftables.
.
It loads nothing into the firewall of the machine that it runs on.")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nftables, graphviz")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package/finish.cmake)
include(CPack)
