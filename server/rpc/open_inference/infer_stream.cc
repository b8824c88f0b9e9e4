#include "server/rpc/open_inference/infer_stream.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/rpc/status_conversion.h"
#include "server/runtime/steady_time.h"

namespace localmamba::server {
namespace {

// What tells a client which of its requests is answered, and that this is all of the answer.
void Identify(const inference::ModelInferRequest& request,
              inference::ModelInferResponse& response) {
  response.set_model_name(request.model_name());
  response.set_model_version(request.model_version());
  response.set_id(request.id());
}

}  // namespace

struct InferStream::Item {
  std::unique_ptr<inference::ModelInferRequest> request;
  Stream::Answer answer;
  RequestRecord record;
  Admission::Ticket ticket = {};
  inference::ModelStreamInferResponse response = {};
};

absl::Status InferStream::OnMessage(std::unique_ptr<inference::ModelInferRequest> message,
                                    Stream& stream) {
  server_.metrics.RequestBegan(kMethod);
  std::unique_ptr<Item> item(
      new Item{.request = std::move(message), .answer = stream.AddAnswer(), .record = identity_});
  item->record.method = kMethod;
  item->record.arrival = SteadyNow();
  item->record.request_id = absl::StrCat(identity_.request_id, "/", messages_++);
  absl::StatusOr<Admission::Ticket> ticket =
      server_.admission.Admit(client_, item->request->ByteSizeLong());
  if (!ticket.ok()) {
    Finish(std::move(item), ticket.status());
    return absl::OkStatus();
  }
  item->ticket = *std::move(ticket);
  Item& owned = *item;
  server_.inference.Infer(*owned.request, stream.context(), owned.ticket, owned.record,
                          *owned.response.mutable_infer_response(),
                          [this, item = std::move(item)](const absl::Status& status) mutable {
                            Finish(std::move(item), status);
                          });
  return absl::OkStatus();
}

void InferStream::Finish(std::unique_ptr<Item> item, const absl::Status& status) {
  server_.metrics.RequestEnded(kMethod, status);
  item->record.status = status;
  item->record.total = SteadyNow() - item->record.arrival;
  server_.log.Add(item->record);
  inference::ModelStreamInferResponse& response = item->response;
  if (!status.ok()) {
    // As it would be in a status, which has a limit.
    response.set_error_message(ToGrpcStatus(status).error_message());
    response.mutable_infer_response()->Clear();
    Identify(*item->request, *response.mutable_infer_response());
  }
  (*response.mutable_infer_response()->mutable_parameters())["triton_final_response"]
      .set_bool_param(true);
  item->request.reset();
  item->ticket = {};
  Stream::Answer answer = std::move(item->answer);
  if (!status.ok() && on_failure_ == OnFailure::kEnd) {
    answer.Fail(status);
  } else {
    answer.Send(std::move(response));
  }
}

}  // namespace localmamba::server
