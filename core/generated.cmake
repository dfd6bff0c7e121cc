# What is made at build time: protobuf-c code from proto/, the policy seam from lua/schema,
# and the Lua that ships inside the binary.
set(GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${GENERATED_DIR}/proto ${GENERATED_DIR}/schema ${GENERATED_DIR}/lua)

# proto/NAME.proto -> generated/proto/NAME.pb-c.{c,h}
file(GLOB protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/*.proto)
set(proto_sources "")
foreach(proto ${protos})
  get_filename_component(name ${proto} NAME_WE)
  set(out ${GENERATED_DIR}/proto/${name}.pb-c)
  add_custom_command(OUTPUT ${out}.c ${out}.h
    COMMAND ${PROTOC_C} --c_out=${GENERATED_DIR}/proto -I ${CMAKE_SOURCE_DIR}/proto ${proto}
    DEPENDS ${proto} VERBATIM)
  list(APPEND proto_sources ${out}.c ${out}.h)
endforeach()
if(proto_sources)
  add_library(lx_proto STATIC ${proto_sources})
  target_include_directories(lx_proto SYSTEM PUBLIC ${GENERATED_DIR})
  target_link_libraries(lx_proto PUBLIC PkgConfig::PROTOBUFC)
else()
  add_library(lx_proto INTERFACE)
endif()

# lua/schema -> generated/schema/policy_schema.{h,c}: view and verdict structs, field tables
file(GLOB schema_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lua/schema/*.lua)
add_custom_command(
  OUTPUT ${GENERATED_DIR}/schema/policy_schema.h ${GENERATED_DIR}/schema/policy_schema.c
  COMMAND ${LUAJIT_PROGRAM} ${CMAKE_SOURCE_DIR}/lua/schema/generate.lua c ${GENERATED_DIR}/schema
  DEPENDS ${schema_sources} VERBATIM)
add_library(lx_schema STATIC ${GENERATED_DIR}/schema/policy_schema.c
  ${GENERATED_DIR}/schema/policy_schema.h)
target_include_directories(lx_schema PUBLIC ${GENERATED_DIR})
target_link_libraries(lx_schema PUBLIC lx_base)

# Lua inside the binary: every .lua of lua/ and policies/, as one table of name and text
file(GLOB_RECURSE lua_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lua/*.lua
  ${CMAKE_SOURCE_DIR}/policies/*.lua)
# A file that gets another name keeps its time: the list of names is an input of its own.
string(REPLACE ";" "\n" lua_names "${lua_sources}")
file(CONFIGURE OUTPUT ${GENERATED_DIR}/lua/names.txt CONTENT "${lua_names}\n" @ONLY)
add_custom_command(OUTPUT ${GENERATED_DIR}/lua/embedded.c
  COMMAND ${LUAJIT_PROGRAM} ${CMAKE_SOURCE_DIR}/lua/embed.lua ${CMAKE_SOURCE_DIR}
          ${GENERATED_DIR}/lua/embedded.c
  DEPENDS ${lua_sources} ${GENERATED_DIR}/lua/names.txt VERBATIM)
add_library(lx_lua STATIC ${GENERATED_DIR}/lua/embedded.c)
target_include_directories(lx_lua PUBLIC ${CMAKE_SOURCE_DIR}/core)
