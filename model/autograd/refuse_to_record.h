// What operations without a backward say on a tape.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_REFUSE_TO_RECORD_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_REFUSE_TO_RECORD_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/autograd/tape.h"

namespace localmamba::ops {

// UNIMPLEMENTED naming the operation if a gradient of an operand is wanted.
inline absl::Status RefuseToRecord(const OpContext& context, absl::string_view operation,
                                   absl::Span<const Value* const> operands) {
  if (!IsRecorded(context, operands)) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(operation, ": has no backward"));
}

}  // namespace localmamba::ops

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_REFUSE_TO_RECORD_H_
