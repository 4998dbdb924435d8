# Included by llama.cpp's project(): its "common" library serves llama.cpp's own programs, none of which we build.
# llama-cpp-python forces the cache entry on; a plain variable of the same name hides it (CMake policy CMP0077).
set(LLAMA_BUILD_COMMON OFF)
