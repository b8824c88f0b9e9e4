#include "tests/model/heads/golden_detector.h"

#include <utility>

#include "kernels/base/check.h"
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

GoldenDetector GoldenDetector::Create(const nlohmann::json& golden_case, int threads) {
  GoldenDetector result;
  result.memory = CreateDeviceAllocator(Device::Cpu()).value();
  result.stream = std::make_unique<Stream>(Stream::Create(Device::Cpu(), threads).value());
  result.detector =
      MaskRcnn::Create(GoldenBackboneConfig(golden_case), GoldenDetectionConfig(golden_case))
          .value();
  FillGoldenWeights(golden_case, result.detector->parameters());
  OpContext context = result.Context();
  LM_CHECK(result.detector->Pack(context).ok());
  return result;
}

Value GoldenDetector::Constant(std::vector<float> elements, const Shape& shape) {
  auto owner = std::make_shared<std::vector<float>>(std::move(elements));
  LM_CHECK(owner->size() == static_cast<size_t>(shape.elements()));
  const TensorView view(owner->data(), DType::kFloat32, shape);
  return Value(Tensor::Share(view, std::move(owner)));
}

}  // namespace localmamba
