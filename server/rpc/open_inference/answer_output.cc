#include "server/rpc/open_inference/answer_output.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/open_inference/datatype.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

absl::Status AddOutput(const WantedOutput& wanted, inference::DataType type,
                       absl::Span<const int64_t> shape, std::string raw,
                       inference::ModelInferResponse& response) {
  auto& output = *response.add_outputs();
  output.set_name(std::string(wanted.tensor.name));
  output.set_datatype(std::string(DatatypeName(type)));
  output.mutable_shape()->Add(shape.begin(), shape.end());
  // An entry for each output: clients count on it.
  std::string& contents = *response.add_raw_output_contents();
  if (wanted.region == nullptr) {
    contents = std::move(raw);
    return absl::OkStatus();
  }
  if (raw.size() > wanted.slice.byte_size) {
    return InvalidRequest(absl::StrCat("output ", Quoted(wanted.tensor.name), ": found room for ",
                                       wanted.slice.byte_size, " bytes in shared memory, wanted ",
                                       raw.size()));
  }
  return wanted.region->Write(wanted.slice.offset, raw);
}

}  // namespace localmamba::server
