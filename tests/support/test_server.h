// A whole server in the test's process, on ports of its own, with models of the test's choice: what
// server/main.cc builds, without signals and files.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TEST_SERVER_H_
#define LOCALMAMBA_TESTS_SUPPORT_TEST_SERVER_H_

#include <grpcpp/impl/service_type.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "server/http/debug_pages.h"
#include "server/http/http_server.h"
#include "server/http/status_pages.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/served_models.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/repository/model_version.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/open_inference/inference_service.h"
#include "server/rpc/vision_service.h"
#include "server/runtime/clock.h"
#include "server/runtime/lifecycle.h"
#include "server/runtime/log.h"
#include "server/runtime/thread_pool.h"
#include "server/tracing/recent_requests.h"
#include "server/tracing/request_log.h"

namespace localmamba::server {

class TestServer {
 public:
  struct Options {
    DecodeLimits decode;
    ServedVersion::Options serving;
    int max_request_bytes = 1 << 20;
    Admission::Options admission = {.max_in_flight_bytes = 64 << 20};
    size_t max_frames_per_stream = 32;
    InferenceServiceOptions open_inference;
  };

  TestServer(const std::vector<std::shared_ptr<ModelVersion>>& versions, const Options& options)
      : metrics_(registry_),
        admission_(options.admission, lifecycle_, clock_),
        host_(*CreateDeviceAllocator(Device::Cpu())),
        models_({.defaults = WithFailure(options.serving), .of_models = {}}, *host_, clock_,
                metrics_),
        decode_pool_(2, 64),
        pipeline_(models_, options.decode, decode_pool_, nullptr, *host_, clock_) {
    for (const std::shared_ptr<ModelVersion>& version : versions) {
      LM_CHECK(models_.Add(version).ok());
    }
    std::vector<std::unique_ptr<grpc::Service>> services;
    services.push_back(CreateVisionService(pipeline_, lifecycle_, admission_, metrics_,
                                           request_log_, options.max_frames_per_stream));
    services.push_back(CreateInferenceService(options.open_inference, pipeline_, lifecycle_,
                                              admission_, metrics_, request_log_, nullptr));
    grpc_ =
        *GrpcServer::Start({.max_request_bytes = options.max_request_bytes}, std::move(services));
    HttpPages pages = StatusPages(metrics_, lifecycle_, [this] { return Statuses(); });
    pages.merge(DebugPages(recent_));
    http_ = *HttpServer::Start({}, std::move(pages));
    lifecycle_.Enter(Phase::kServing);
    for (const std::string& name : models_.ModelNames()) grpc_->SetServing(name, true);
    grpc_->SetServing("", true);
  }

  [[nodiscard]] std::string target() const { return absl::StrCat("127.0.0.1:", grpc_->port()); }
  [[nodiscard]] int http_port() const { return http_->port(); }
  [[nodiscard]] std::string metrics() const { return metrics_.Text(); }
  [[nodiscard]] Lifecycle& lifecycle() { return lifecycle_; }
  [[nodiscard]] const RecentRequests& recent() const { return recent_; }
  [[nodiscard]] Admission& admission() { return admission_; }
  [[nodiscard]] GrpcServer& grpc() { return *grpc_; }

 private:
  [[nodiscard]] ServedVersion::Options WithFailure(ServedVersion::Options options) {
    options.on_device_lost = [this](const absl::Status& reason) { lifecycle_.Fail(reason); };
    return options;
  }

  [[nodiscard]] ModelsStatus Statuses() const {
    ModelsStatus result;
    for (const ServedModels::Listed& listed : models_.List()) {
      const ModelVersion& model = listed.version->model();
      result.served.push_back(
          {model.model, model.version, model.engines.size(), listed.version->max_batch_size(), {}});
    }
    return result;
  }

  Lifecycle lifecycle_;
  RealClock clock_;
  prometheus::Registry registry_;
  ServerMetrics metrics_;
  Admission admission_;
  const Log log_ = *Log::ToStderr("error");
  RecentRequests recent_{{}};
  RequestLog request_log_{{}, log_, &recent_};
  std::unique_ptr<Allocator> host_;
  ServedModels models_;
  ThreadPool decode_pool_;
  VisionPipeline pipeline_;
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_TEST_SERVER_H_
