// Where and how a network runs.
#ifndef LOCALMAMBA_MODEL_ENGINE_ENGINE_OPTIONS_H_
#define LOCALMAMBA_MODEL_ENGINE_ENGINE_OPTIONS_H_

#include "kernels/device/device.h"
#include "kernels/image/normalize_pixels.h"
#include "kernels/tensor/dtype.h"

namespace localmamba {

struct EngineOptions {
  Device device = Device::Cpu();
  DType dtype = DType::kFloat32;     // of activations; float32 only on the CPU
  int cpu_threads = 0;               // 0: all the process may use
  PixelNormalization normalization;  // of u8 input
  bool stages = false;               // runs give EngineOutput::stages too; on the CPU only
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_ENGINE_OPTIONS_H_
