#include "client/cli/answer_text.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace localmamba::client {

double Milliseconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) * 1e3 + duration.nanos() / 1e6;
}

std::string AnswerHeading(const std::string& path, const v1::ModelReference& model,
                          const v1::Timings& timings) {
  return absl::StrFormat("%s  (%s version %d, %.1f ms)", path, model.name(), model.number(),
                         Milliseconds(timings.total()));
}

nlohmann::ordered_json AnswerJson(const std::string& path, const v1::ModelReference& model) {
  return {{"image", path}, {"model", model.name()}, {"version", model.number()}};
}

void FinishJson(nlohmann::ordered_json line, const v1::Timings& timings, std::ostream& out) {
  line["timings_ms"] = {{"preprocess", Milliseconds(timings.preprocess())},
                        {"queue", Milliseconds(timings.queue())},
                        {"compute", Milliseconds(timings.compute())},
                        {"postprocess", Milliseconds(timings.postprocess())},
                        {"total", Milliseconds(timings.total())}};
  line["batch_size"] = timings.batch_size();
  out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace localmamba::client
