#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/answer_text.h"
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/image_request.h"
#include "client/cli/table.h"

namespace localmamba::client {
namespace {

v1::ClassifyRequest ToRequest(const ClassifyOptions& options, const std::string& path,
                              std::string bytes) {
  v1::ClassifyRequest request;
  *request.mutable_model() = ToModelReference(options.model, options.version);
  *request.mutable_image() = ToImage(std::move(bytes), options.raw);
  if (options.top_k.has_value()) request.set_top_k(*options.top_k);
  request.set_request_id(path);
  return request;
}

void PrintJson(const std::string& path, const v1::ClassifyResponse& response, std::ostream& out) {
  nlohmann::ordered_json line = AnswerJson(path, response.model());
  for (const v1::ClassScore& score : response.classes()) {
    line["classes"].push_back(
        {{"id", score.id()}, {"name", score.name()}, {"score", score.score()}});
  }
  FinishJson(std::move(line), response.timings(), out);
}

void PrintForPeople(const std::string& path, const v1::ClassifyResponse& response,
                    std::ostream& out) {
  out << AnswerHeading(path, response.model(), response.timings()) << '\n';
  std::vector<std::vector<std::string>> rows = {{"  score", "id", "class"}};
  for (const v1::ClassScore& score : response.classes()) {
    rows.push_back(
        {absl::StrFormat("%7.4f", score.score()), absl::StrCat(score.id()), score.name()});
  }
  PrintTable(rows, out);
}

}  // namespace

ExitCode RunClassify(const VisionClient& client, const ClassifyOptions& options,
                     const CommonOptions& common, std::ostream& out, std::ostream& err) {
  ImageAsker<v1::ClassifyRequest, v1::ClassifyResponse, v1::ClassifyStreamResponse> asker(
      client,
      {&VisionClient::Classify, &VisionClient::ClassifyStream,
       &v1::ClassifyStreamResponse::classification},
      options, common, out, err);
  return asker.Ask([&](const std::string& path,
                       std::string bytes) { return ToRequest(options, path, std::move(bytes)); },
                   [&](size_t image, const v1::ClassifyResponse& response) {
                     (common.json ? PrintJson : PrintForPeople)(options.images[image], response,
                                                                out);
                     return ExitCode::kSuccess;
                   });
}

}  // namespace localmamba::client
