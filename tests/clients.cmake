# Whole clients: other people's software, the conformance table, and crowds.
pkg_check_modules(LIBP11 REQUIRED IMPORTED_TARGET libp11)
test_program(libp11 SOURCES clients/libp11.c LIBRARIES PkgConfig::LIBP11 PkgConfig::CRYPTO)
test_program(conformance-table SOURCES conformance/table.c conformance/table_functions.c conformance/table_keys.c
  conformance/table_made.c conformance/table_mechanisms.c conformance/table_messages.c conformance/table_objects.c conformance/table_operations.c
  conformance/table_rows.c conformance/table_uninitialized.c
  LIBRARIES test_signer PkgConfig::CRYPTO ${CMAKE_DL_LIBS})
test_program(many-clients SOURCES faults/many-clients.c faults/load_keys.c faults/load_operations.c
  LIBRARIES test_signer PkgConfig::CRYPTO ${CMAKE_DL_LIBS})
test_program(connections SOURCES memory/connections.c LIBRARIES test_signer)

# Other people's software, through the shim and on SoftHSM itself.
foreach(software java libp11 node p11tool pkcs11-tool python ssh)
  registered(real/client-${software} real 120 ${sandbox} ${here}/real/client-${software})
  registered(real/client-${software}-straight real 120 ${straight} ${here}/real/client-${software})
endforeach()
registered(real/client-p11-kit real 120 ${sandbox} ${here}/real/client-p11-kit)

registered(conformance/table conformance 120 ${sandbox} ${here}/conformance/table)
registered(faults/many-clients "faults;threads" 300 ${sandbox} ${here}/faults/many-clients)
registered(faults/many-clients-straight "faults" 120 ${straight} ${here}/faults/many-clients)
registered(faults/kills "faults" 900 ${sandbox} ${here}/faults/kills)
registered(memory/connections memory 120 ${sandbox} ${here}/memory/connections)
set_tests_properties(memory/connections faults/many-clients faults/kills PROPERTIES RUN_SERIAL TRUE)
