# What only a Debian package has: a changelog, and its manual compressed. CPack runs this on what it has installed into
# a folder of its own, before it packs that. The same sources at the same SOURCE_DATE_EPOCH make the same bytes.
set(share ${CPACK_TEMPORARY_DIRECTORY}/usr/share)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${share}/doc/portpolicy/changelog
"portpolicy (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
file(GLOB compressed ${share}/man/man*/* ${share}/doc/portpolicy/changelog)
execute_process(COMMAND gzip -9n ${compressed} COMMAND_ERROR_IS_FATAL ANY)
