"""How each backend pack is compiled: its CMake target and flags, and what it needs on the machine where it runs."""

from __future__ import annotations

from dataclasses import dataclass

_MIT = "llama.cpp and ggml: MIT, copyright the ggml authors; the text lies beside the module."


@dataclass(frozen=True)
class Recipe:
    """One backend. `tried` is False for what was written by llama.cpp's documentation and never run by us."""

    name: str
    backend: str  # ggml's word, which its devices' names begin with
    target: str
    flags: tuple[str, ...]
    architecture: str = ""  # the flag that says for which GPUs, where a backend asks
    patch: str = ""
    licences: tuple[str, ...] = (_MIT,)
    runs_with: str = ""
    tried: bool = True


VULKAN = Recipe(
    "vulkan",
    "Vulkan",
    "ggml-vulkan",
    ("-DGGML_VULKAN=ON",),
    patch="vulkan-layer-settings.patch",
    runs_with="the Vulkan loader and a driver with Vulkan 1.2, both part of every graphics driver",
)
# Without the driver's virtual memory the module loads also where no driver is; NCCL is for several machines; kernels
# for further key-value types would double the compilation.
CUDA = Recipe(
    "cuda",
    "CUDA",
    "ggml-cuda",
    ("-DGGML_CUDA=ON", "-DGGML_CUDA_NO_VMM=ON", "-DGGML_CUDA_NCCL=OFF", "-DGGML_CUDA_FA_ALL_QUANTS=OFF"),
    architecture="CMAKE_CUDA_ARCHITECTURES",
    licences=(_MIT, "NVIDIA's cudart and cuBLAS are not part of the pack; they come under NVIDIA's own terms."),
    runs_with="NVIDIA's driver, and the CUDA runtime and cuBLAS of the CUDA version it was compiled with",
)
METAL = Recipe(
    "metal",
    "MTL",
    "ggml-metal",
    ("-DGGML_METAL=ON", "-DGGML_METAL_EMBED_LIBRARY=ON"),
    runs_with="macOS; the engine's own build on a Mac has Metal already",
    tried=False,
)
ROCM = Recipe(
    "rocm",
    "ROCm",
    "ggml-hip",
    ("-DGGML_HIP=ON",),
    architecture="GPU_TARGETS",
    licences=(_MIT, "AMD's HIP and rocBLAS are not part of the pack; they come under AMD's own terms."),
    runs_with="AMD's driver, and the HIP runtime and rocBLAS of the ROCm version it was compiled with",
    tried=False,
)

RECIPES = {recipe.name: recipe for recipe in (VULKAN, CUDA, METAL, ROCM)}

# One module and nothing else: no CPU backend, no programs. A pack's module finds ggml-base in the engine's process,
# which has loaded it before; the libraries of a GPU's maker are found beside the module or where the compiler saw them.
MODULE_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    "-DGGML_BACKEND_DL=ON",
    "-DGGML_NATIVE=OFF",
    "-DGGML_METAL=OFF",
    "-DGGML_CCACHE=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    "-DCMAKE_INSTALL_RPATH_USE_LINK_PATH=ON",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
)
ALONE_FLAGS = ("-DGGML_CPU=OFF", "-DGGML_OPENMP=OFF", "-DLLAMA_BUILD_COMMON=OFF", "-DLLAMA_BUILD_TOOLS=OFF")
