#include "tests/model/heads/golden_detector.h"

#include <algorithm>
#include <utility>

#include "kernels/base/check.h"
#include "model/weights/host_tensor.h"
#include "tests/support/golden_heads.h"

namespace localmamba {

DetectionConfig GoldenDetectionConfig(const nlohmann::json& golden_case) {
  const nlohmann::json& golden = golden_case.at("config");
  const bool plain = golden.at("style") == "D3";
  DetectionConfig config;
  config.neck = plain ? NeckKind::kSimpleFpn : NeckKind::kFpn;
  config.num_classes = golden.at("num_classes").get<int64_t>();
  config.channels = golden.at("neck").at("out_channels").get<int64_t>();
  config.rpn_convs = golden.at("rpn").at("convs").get<int64_t>();
  config.box_convs = plain ? 4 : 0;
  config.box_fcs = plain ? 1 : 2;
  config.box_fc_width = golden.at("box_head").at("fc_width").get<int64_t>();
  config.mask_convs = golden.at("mask_head").at("convs").get<int64_t>();
  config.norm = plain;
  const nlohmann::json& test = golden.at("test");
  config.proposal_candidates = test.at("rpn_nms_pre").get<int64_t>();
  config.max_proposals = test.at("rpn_max_per_img").get<int64_t>();
  config.proposal_iou = test.at("rpn_nms_iou").get<float>();
  config.score_threshold = test.at("score_thr").get<float>();
  config.iou_threshold = test.at("nms_iou").get<float>();
  config.max_detections = test.at("max_per_img").get<int64_t>();
  return config;
}

GoldenDetector GoldenDetector::Create(const nlohmann::json& golden_case,
                                      const GoldenDetectorOptions& options) {
  GoldenDetector result;
  result.memory = CreateDeviceAllocator(options.device).value();
  result.stream = std::make_unique<Stream>(Stream::Create(options.device, options.threads).value());
  result.dtype = options.dtype;
  result.detector = std::make_unique<MaskRcnn>(GoldenBackboneConfig(golden_case),
                                               GoldenDetectionConfig(golden_case));
  FillGoldenWeights(golden_case, result.detector->parameters());
  OpContext context = result.Context();
  LM_CHECK(result.detector->Pack(context).ok());
  return result;
}

absl::StatusOr<NetworkOutput> GoldenDetector::Forward(const Value& images,
                                                      const std::vector<float>& sizes,
                                                      bool stages) {
  OpContext context = Context();
  ForwardOptions options;
  options.sizes = OnDevice(sizes, {images.dim(0), 2});
  options.stages = stages;
  return detector->Forward(context, images, options);
}

Value GoldenDetector::OnDevice(const std::vector<float>& elements, const Shape& shape,
                               DType as) const {
  Tensor host = AllocateHostTensor(DType::kFloat32, shape).value();
  LM_CHECK(elements.size() == static_cast<size_t>(shape.elements()));
  std::copy(elements.begin(), elements.end(), host.data<float>());
  if (as != DType::kFloat32) host = FromFloat32(host, as).value();
  Tensor tensor = Tensor::Allocate(*memory, as, shape).value();
  LM_CHECK(Copy(host, tensor, *stream).ok());
  LM_CHECK(stream->Synchronize().ok());  // before `host` goes
  return Value(std::move(tensor));
}

std::vector<double> GoldenDetector::Fetch(const Value& value) const {
  std::vector<double> elements;
  for (int64_t image = 0; image < value.dim(0); ++image) {
    const Tensor source = value.tensor().Select(0, image);
    Tensor host = AllocateHostTensor(source.dtype(), source.shape()).value();
    LM_CHECK(Copy(source, host, *stream).ok());
    LM_CHECK(stream->Synchronize().ok());
    if (host.dtype() == DType::kInt32) {
      elements.insert(elements.end(), host.data<int32_t>(), host.data<int32_t>() + host.elements());
      continue;
    }
    host = ToFloat32(host).value();
    elements.insert(elements.end(), host.data<float>(), host.data<float>() + host.elements());
  }
  return elements;
}

const Value& StageNamed(const NetworkOutput& output, const std::string& name) {
  const auto found = std::find_if(output.stages.begin(), output.stages.end(),
                                  [&](const auto& stage) { return stage.first == name; });
  LM_CHECK(found != output.stages.end());
  return found->second;
}

}  // namespace localmamba
