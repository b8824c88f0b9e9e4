// Early return on absl::Status and absl::StatusOr; Abseil 20220623 has no public macros for it.
//
//   LM_RETURN_IF_ERROR(Check(args));
//   LM_ASSIGN_OR_RETURN(Tensor y, Allocate(shape));
#ifndef LOCALMAMBA_KERNELS_BASE_STATUS_MACROS_H_
#define LOCALMAMBA_KERNELS_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define LM_RETURN_IF_ERROR(expr)                            \
  do {                                                      \
    if (absl::Status lm_status = (expr); !lm_status.ok()) { \
      return lm_status;                                     \
    }                                                       \
  } while (false)

#define LM_INTERNAL_CONCAT2(a, b) a##b
#define LM_INTERNAL_CONCAT(a, b) LM_INTERNAL_CONCAT2(a, b)
#define LM_INTERNAL_ASSIGN_OR_RETURN(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) {                                   \
    return std::move(tmp).status();                  \
  }                                                  \
  lhs = *std::move(tmp)

#define LM_ASSIGN_OR_RETURN(lhs, expr) \
  LM_INTERNAL_ASSIGN_OR_RETURN(LM_INTERNAL_CONCAT(lm_status_or_, __LINE__), lhs, expr)

#endif  // LOCALMAMBA_KERNELS_BASE_STATUS_MACROS_H_
