#include "server/rpc/open_inference/inference_service.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "inference/grpc_service.grpc.pb.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/admin_call.h"
#include "server/rpc/open_inference/find_version.h"
#include "server/rpc/open_inference/infer_stream.h"
#include "server/rpc/open_inference/model_description.h"
#include "server/rpc/open_inference/model_inference.h"
#include "server/rpc/open_inference/model_statistics.h"
#include "server/rpc/open_inference/repository_calls.h"
#include "server/rpc/open_inference/shared_memory.h"
#include "server/rpc/request_identity.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/vision_conversion.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

constexpr char kServerName[] = "localmamba";

absl::Status NotOffered(absl::string_view what) {
  return Reject(RejectReason::kInvalidRequest,
                absl::UnimplementedError(absl::StrCat(what, " is not offered by this server")));
}

bool WantsErrorStatus(const CallbackServerContext& context) {
  const auto found = context.client_metadata().find("triton_grpc_error");
  return found != context.client_metadata().end() && found->second == "true";
}

class InferenceService final : public inference::GRPCInferenceService::CallbackService {
 public:
  InferenceService(const InferenceServiceOptions& options, VisionPipeline& pipeline,
                   const Lifecycle& lifecycle, Admission& admission, ServerMetrics& metrics,
                   RequestLog& log, const RepositoryAccess* repository)
      : options_(options),
        models_(pipeline.models()),
        lifecycle_(lifecycle),
        admission_(admission),
        metrics_(metrics),
        log_(log),
        repository_(repository),
        regions_(options.system_shared_memory ? std::make_unique<SharedMemoryRegions>() : nullptr),
        inference_(pipeline, regions_.get()) {}

  ServerUnaryReactor* ServerLive(CallbackServerContext* /*context*/,
                                 const inference::ServerLiveRequest* /*request*/,
                                 inference::ServerLiveResponse* response) override {
    response->set_live(lifecycle_.failure().ok());
    return End("ServerLive", absl::OkStatus());
  }

  ServerUnaryReactor* ServerReady(CallbackServerContext* /*context*/,
                                  const inference::ServerReadyRequest* /*request*/,
                                  inference::ServerReadyResponse* response) override {
    response->set_ready(lifecycle_.ready());
    return End("ServerReady", absl::OkStatus());
  }

  ServerUnaryReactor* ModelReady(CallbackServerContext* /*context*/,
                                 const inference::ModelReadyRequest* request,
                                 inference::ModelReadyResponse* response) override {
    const absl::Status found = FindVersion(models_, request->name(), request->version()).status();
    response->set_ready(found.ok() && lifecycle_.ready());
    const bool loading = absl::IsUnavailable(found);  // known, though not ready
    return End("ModelReady", loading ? absl::OkStatus() : found);
  }

  ServerUnaryReactor* ServerMetadata(CallbackServerContext* /*context*/,
                                     const inference::ServerMetadataRequest* /*request*/,
                                     inference::ServerMetadataResponse* response) override {
    response->set_name(kServerName);
    response->set_version(LOCALMAMBA_VERSION);
    for (const char* extension :
         {"classification", "model_configuration", "parameters", "schedule_policy", "statistics"}) {
      response->add_extensions(extension);
    }
    if (regions_ != nullptr) response->add_extensions("system_shared_memory");
    if (MayChangeModels()) response->add_extensions("model_repository");
    return End("ServerMetadata", absl::OkStatus());
  }

  ServerUnaryReactor* ModelMetadata(CallbackServerContext* /*context*/,
                                    const inference::ModelMetadataRequest* request,
                                    inference::ModelMetadataResponse* response) override {
    return End("ModelMetadata", [&]() -> absl::Status {
      LM_ASSIGN_OR_RETURN(const ServedModels::Handle version,
                          FindVersion(models_, request->name(), request->version()));
      return DescribeMetadata(*version, models_.Versions(request->name()), *response);
    }());
  }

  ServerUnaryReactor* ModelConfig(CallbackServerContext* /*context*/,
                                  const inference::ModelConfigRequest* request,
                                  inference::ModelConfigResponse* response) override {
    return End("ModelConfig", [&]() -> absl::Status {
      LM_ASSIGN_OR_RETURN(const ServedModels::Handle version,
                          FindVersion(models_, request->name(), request->version()));
      return DescribeConfig(*version, *response->mutable_config());
    }());
  }

  ServerUnaryReactor* ModelInfer(CallbackServerContext* context,
                                 const inference::ModelInferRequest* request,
                                 inference::ModelInferResponse* response) override {
    auto* call = new UnaryCall("ModelInfer", metrics_, &log_);
    // An id that is too long for the log goes back all the same.
    const bool fit = CheckRequestId(request->id()).ok();
    Identify(fit ? request->id() : "", log_, *context, call->record());
    absl::StatusOr<Admission::Ticket> ticket =
        admission_.Admit(admission_.ClientOf(*context), request->ByteSizeLong());
    if (!ticket.ok()) {
      call->End(ticket.status());
      return call;
    }
    inference_.Infer(*request, call->ContextOf(*context), call->Keep(*std::move(ticket)),
                     call->record(), *response,
                     [call](const absl::Status& status) { call->End(status); });
    return call;
  }

  grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
  ModelStreamInfer(CallbackServerContext* context) override {
    const auto on_failure =
        WantsErrorStatus(*context) ? InferStream::OnFailure::kEnd : InferStream::OnFailure::kGoOn;
    RequestRecord identity;
    Identify("", log_, *context, identity);
    auto handler = std::make_unique<InferStream>(
        InferStream::Server{inference_, admission_, metrics_, log_}, admission_.ClientOf(*context),
        std::move(identity), on_failure, options_.max_requests_per_stream);
    return InferStream::Stream::Create(InferStream::kMethod, *context, admission_.streams(),
                                       metrics_, std::move(handler))
        ->Begin();
  }

  ServerUnaryReactor* ModelStatistics(CallbackServerContext* /*context*/,
                                      const inference::ModelStatisticsRequest* request,
                                      inference::ModelStatisticsResponse* response) override {
    return End("ModelStatistics",
               DescribeStatistics(models_, request->name(), request->version(), *response));
  }

  ServerUnaryReactor* RepositoryIndex(CallbackServerContext* /*context*/,
                                      const inference::RepositoryIndexRequest* request,
                                      inference::RepositoryIndexResponse* response) override {
    if (repository_ == nullptr) return End("RepositoryIndex", NotOffered("the model repository"));
    return AdminCall("RepositoryIndex", metrics_, repository_->executor,
                     [models = &repository_->models, request, response] {
                       return IndexRepository(*models, *request, *response);
                     });
  }

  ServerUnaryReactor* RepositoryModelLoad(
      CallbackServerContext* /*context*/, const inference::RepositoryModelLoadRequest* request,
      inference::RepositoryModelLoadResponse* /*response*/) override {
    return ChangeModels("RepositoryModelLoad",
                        [request](ModelManager& models) { return LoadModel(models, *request); });
  }

  ServerUnaryReactor* RepositoryModelUnload(
      CallbackServerContext* /*context*/, const inference::RepositoryModelUnloadRequest* request,
      inference::RepositoryModelUnloadResponse* /*response*/) override {
    return ChangeModels("RepositoryModelUnload",
                        [request](ModelManager& models) { return UnloadModel(models, *request); });
  }

  ServerUnaryReactor* SystemSharedMemoryStatus(
      CallbackServerContext* /*context*/, const inference::SystemSharedMemoryStatusRequest* request,
      inference::SystemSharedMemoryStatusResponse* response) override {
    return End("SystemSharedMemoryStatus", [&]() -> absl::Status {
      if (regions_ == nullptr) return SharedMemoryIsOff();
      LM_ASSIGN_OR_RETURN(const auto regions, regions_->Status(request->name()));
      for (const auto& [name, region] : regions) {
        auto& status = (*response->mutable_regions())[name];
        status.set_name(name);
        status.set_key(region->key());
        status.set_offset(region->offset());
        status.set_byte_size(region->byte_size());
      }
      return absl::OkStatus();
    }());
  }

  ServerUnaryReactor* SystemSharedMemoryRegister(
      CallbackServerContext* /*context*/,
      const inference::SystemSharedMemoryRegisterRequest* request,
      inference::SystemSharedMemoryRegisterResponse* /*response*/) override {
    return End("SystemSharedMemoryRegister",
               regions_ == nullptr ? SharedMemoryIsOff()
                                   : regions_->Register(request->name(), request->key(),
                                                        request->offset(), request->byte_size()));
  }

  ServerUnaryReactor* SystemSharedMemoryUnregister(
      CallbackServerContext* /*context*/,
      const inference::SystemSharedMemoryUnregisterRequest* request,
      inference::SystemSharedMemoryUnregisterResponse* /*response*/) override {
    if (regions_ != nullptr) regions_->Unregister(request->name());
    return End("SystemSharedMemoryUnregister",
               regions_ == nullptr ? SharedMemoryIsOff() : absl::OkStatus());
  }

  // There never are regions of CUDA memory, which is easy to tell and to end; clients that use the
  // other kind ask for both.
  ServerUnaryReactor* CudaSharedMemoryStatus(
      CallbackServerContext* /*context*/, const inference::CudaSharedMemoryStatusRequest* request,
      inference::CudaSharedMemoryStatusResponse* /*response*/) override {
    if (regions_ == nullptr) return End("CudaSharedMemoryStatus", SharedMemoryIsOff());
    return End("CudaSharedMemoryStatus",
               request->name().empty() ? absl::OkStatus() : NotOffered("CUDA shared memory"));
  }

  ServerUnaryReactor* CudaSharedMemoryRegister(
      CallbackServerContext* /*context*/,
      const inference::CudaSharedMemoryRegisterRequest* /*request*/,
      inference::CudaSharedMemoryRegisterResponse* /*response*/) override {
    return End("CudaSharedMemoryRegister", NotOffered("CUDA shared memory"));
  }

  ServerUnaryReactor* CudaSharedMemoryUnregister(
      CallbackServerContext* /*context*/,
      const inference::CudaSharedMemoryUnregisterRequest* /*request*/,
      inference::CudaSharedMemoryUnregisterResponse* /*response*/) override {
    return End("CudaSharedMemoryUnregister",
               regions_ == nullptr ? SharedMemoryIsOff() : absl::OkStatus());
  }

  ServerUnaryReactor* TraceSetting(CallbackServerContext* /*context*/,
                                   const inference::TraceSettingRequest* /*request*/,
                                   inference::TraceSettingResponse* /*response*/) override {
    return End("TraceSetting", NotOffered("tracing"));
  }

  ServerUnaryReactor* LogSettings(CallbackServerContext* /*context*/,
                                  const inference::LogSettingsRequest* /*request*/,
                                  inference::LogSettingsResponse* /*response*/) override {
    return End("LogSettings", NotOffered("a change of the log's settings"));
  }

 private:
  // A call that is over when it has begun.
  ServerUnaryReactor* End(std::string method, const absl::Status& status) {
    auto* call = new UnaryCall(std::move(method), metrics_);
    call->End(status);
    return call;
  }

  [[nodiscard]] bool MayChangeModels() const {
    return repository_ != nullptr && repository_->changes != nullptr;
  }

  // A call that changes what is served, by `change` of a ModelManager.
  template <class Change>
  ServerUnaryReactor* ChangeModels(const char* method, Change change) {
    if (!MayChangeModels()) {
      return End(method, Reject(RejectReason::kInvalidRequest,
                                absl::UnimplementedError(
                                    "loading and unloading by the Open Inference Protocol is "
                                    "switched off on this server (--model-control)")));
    }
    return AdminCall(method, metrics_, *repository_->changes,
                     [models = &repository_->models, change] { return change(*models); });
  }

  const InferenceServiceOptions options_;
  const ServedModels& models_;
  const Lifecycle& lifecycle_;
  Admission& admission_;
  ServerMetrics& metrics_;
  RequestLog& log_;
  const RepositoryAccess* const repository_;            // null: clients are shown none
  const std::unique_ptr<SharedMemoryRegions> regions_;  // null if clients may not share memory
  ModelInference inference_;
};

}  // namespace

std::unique_ptr<grpc::Service> CreateInferenceService(const InferenceServiceOptions& options,
                                                      VisionPipeline& pipeline,
                                                      const Lifecycle& lifecycle,
                                                      Admission& admission, ServerMetrics& metrics,
                                                      RequestLog& log,
                                                      const RepositoryAccess* repository) {
  return std::make_unique<InferenceService>(options, pipeline, lifecycle, admission, metrics, log,
                                            repository);
}

}  // namespace localmamba::server
