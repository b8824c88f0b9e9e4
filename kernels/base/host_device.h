// For small formulas that the CPU and CUDA implementations of an operation share.
#ifndef LOCALMAMBA_KERNELS_BASE_HOST_DEVICE_H_
#define LOCALMAMBA_KERNELS_BASE_HOST_DEVICE_H_

#ifdef __CUDACC__
#define LM_HOST_DEVICE __host__ __device__
#else
#define LM_HOST_DEVICE
#endif

#endif  // LOCALMAMBA_KERNELS_BASE_HOST_DEVICE_H_
