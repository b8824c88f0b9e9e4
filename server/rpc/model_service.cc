#include "server/rpc/model_service.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/status_macros.h"
#include "localmamba/admin/v1/models.grpc.pb.h"
#include "server/repository/model_spec_proto.h"
#include "server/rpc/admin_call.h"

namespace localmamba::server {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

admin::v1::ModelVersion::State ToProto(VersionState state) {
  switch (state) {
    case VersionState::kUnloaded:
      return admin::v1::ModelVersion::STATE_UNLOADED;
    case VersionState::kLoading:
      return admin::v1::ModelVersion::STATE_LOADING;
    case VersionState::kServing:
      return admin::v1::ModelVersion::STATE_SERVING;
    case VersionState::kUnloading:
      return admin::v1::ModelVersion::STATE_UNLOADING;
    case VersionState::kFailed:
      return admin::v1::ModelVersion::STATE_FAILED;
  }
  return admin::v1::ModelVersion::STATE_UNSPECIFIED;
}

void ToProto(const VersionStatus& version, admin::v1::ModelVersion& proto) {
  proto.set_version(version.version);
  proto.set_state(ToProto(version.state));
  proto.set_message(version.message);
  proto.mutable_labels()->Add(version.labels.begin(), version.labels.end());
  proto.set_metrics_json(version.metrics_json);
}

void ToProto(const ModelStatus& model, admin::v1::Model& proto) {
  proto.set_name(model.name);
  proto.set_message(model.message);
  if (model.message.empty()) *proto.mutable_spec() = ModelSpecToProto(model.spec);
  for (const VersionStatus& version : model.versions) ToProto(version, *proto.add_versions());
}

// gRPC's clients take messages of up to 4 MiB.
constexpr size_t kMaxListedBytes = 1 << 20;  // of specs, and of metrics

// Leaves away what of the specs and of the versions' metrics would make the message too large: the
// last.
void Bound(admin::v1::ListModelsResponse& response) {
  size_t spec_bytes = 0;
  size_t metrics_bytes = 0;
  for (admin::v1::Model& model : *response.mutable_models()) {
    spec_bytes += model.spec().ByteSizeLong();
    if (spec_bytes > kMaxListedBytes) model.clear_spec();
    for (admin::v1::ModelVersion& version : *model.mutable_versions()) {
      metrics_bytes += version.metrics_json().size();
      if (metrics_bytes > kMaxListedBytes) version.clear_metrics_json();
    }
  }
}

class ModelService final : public admin::v1::ModelService::CallbackService {
 public:
  ModelService(ModelManager& models, Executor& executor, ServerMetrics& metrics)
      : models_(models), executor_(executor), metrics_(metrics) {}

  ServerUnaryReactor* ListModels(CallbackServerContext* /*context*/,
                                 const admin::v1::ListModelsRequest* /*request*/,
                                 admin::v1::ListModelsResponse* response) override {
    return AdminCall("ListModels", metrics_, executor_, [this, response]() -> absl::Status {
      LM_ASSIGN_OR_RETURN(const std::vector<ModelStatus> models, models_.List());
      for (const ModelStatus& model : models) ToProto(model, *response->add_models());
      Bound(*response);
      return absl::OkStatus();
    });
  }

  ServerUnaryReactor* LoadVersion(CallbackServerContext* /*context*/,
                                  const admin::v1::LoadVersionRequest* request,
                                  admin::v1::ModelVersion* response) override {
    return AdminCall("LoadVersion", metrics_, executor_,
                     [this, request, response]() -> absl::Status {
                       LM_ASSIGN_OR_RETURN(const VersionStatus version,
                                           models_.Load(request->model(), request->version()));
                       ToProto(version, *response);
                       return absl::OkStatus();
                     });
  }

  ServerUnaryReactor* UnloadVersion(CallbackServerContext* /*context*/,
                                    const admin::v1::UnloadVersionRequest* request,
                                    admin::v1::ModelVersion* response) override {
    return AdminCall("UnloadVersion", metrics_, executor_,
                     [this, request, response]() -> absl::Status {
                       LM_ASSIGN_OR_RETURN(const VersionStatus version,
                                           models_.Unload(request->model(), request->version()));
                       ToProto(version, *response);
                       return absl::OkStatus();
                     });
  }

  ServerUnaryReactor* SetVersionLabel(CallbackServerContext* /*context*/,
                                      const admin::v1::SetVersionLabelRequest* request,
                                      admin::v1::Model* response) override {
    return AdminCall(
        "SetVersionLabel", metrics_, executor_, [this, request, response]() -> absl::Status {
          LM_ASSIGN_OR_RETURN(
              const ModelStatus model,
              models_.SetLabel(request->model(), request->label(), request->version()));
          ToProto(model, *response);
          return absl::OkStatus();
        });
  }

  ServerUnaryReactor* DeleteVersion(CallbackServerContext* /*context*/,
                                    const admin::v1::DeleteVersionRequest* request,
                                    google::protobuf::Empty* /*response*/) override {
    return AdminCall("DeleteVersion", metrics_, executor_, [this, request] {
      return models_.Delete(request->model(), request->version());
    });
  }

 private:
  ModelManager& models_;
  Executor& executor_;
  ServerMetrics& metrics_;
};

}  // namespace

std::unique_ptr<grpc::Service> CreateModelService(ModelManager& models, Executor& executor,
                                                  ServerMetrics& metrics) {
  return std::make_unique<ModelService>(models, executor, metrics);
}

}  // namespace localmamba::server
