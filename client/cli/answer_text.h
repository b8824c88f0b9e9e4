// What the answers about images have in common.
#ifndef LOCALMAMBA_CLIENT_CLI_ANSWER_TEXT_H_
#define LOCALMAMBA_CLIENT_CLI_ANSWER_TEXT_H_

#include <ostream>
#include <string>

#include "localmamba/v1/vision.pb.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {

double Milliseconds(const google::protobuf::Duration& duration);

// "photo.jpg  (tiny version 3, 12.1 ms)" without the end of the line.
std::string AnswerHeading(const std::string& path, const v1::ModelReference& model,
                          const v1::Timings& timings);

// The fields "image", "model" and "version".
nlohmann::ordered_json AnswerJson(const std::string& path, const v1::ModelReference& model);
// Adds "timings_ms" and "batch_size" to `line`, and writes it.
void FinishJson(nlohmann::ordered_json line, const v1::Timings& timings, std::ostream& out);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_ANSWER_TEXT_H_
