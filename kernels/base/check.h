// LM_CHECK(condition): aborts with the condition, file and line. For bugs in our own code only;
// input of any kind gets an absl::Status.
#ifndef LOCALMAMBA_KERNELS_BASE_CHECK_H_
#define LOCALMAMBA_KERNELS_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

#define LM_CHECK(condition)                                                              \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

#endif  // LOCALMAMBA_KERNELS_BASE_CHECK_H_
