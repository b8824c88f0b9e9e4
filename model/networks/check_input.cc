#include "model/networks/check_input.h"

#include "absl/strings/str_cat.h"

namespace localmamba {

absl::Status CheckInput(const OpContext& context, const Value& input, int64_t min_side,
                        bool packed) {
  if (!packed) return absl::FailedPreconditionError("network: Forward before Pack");
  const ConstTensorView view = input.tensor();
  const bool fits = !view.empty() && view.rank() == 4 && view.dtype() == context.dtype &&
                    view.IsDense() && view.dim(0) >= 1 && view.dim(1) == 3 &&
                    view.dim(2) >= min_side && view.dim(3) >= min_side;
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("network input is ", Describe(view), ", wanted ", ToString(context.dtype),
                   " [batch,3,height,width] with batch >= 1, height and width >= ", min_side));
}

}  // namespace localmamba
