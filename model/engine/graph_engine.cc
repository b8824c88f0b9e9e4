#include "model/engine/graph_engine.h"

#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "kernels/elementwise/cast.h"
#include "kernels/image/normalize_pixels.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"
#include "model/engine/check_engine_input.h"
#include "model/engine/image_sizes.h"

namespace localmamba {
namespace {

size_t Bytes(const Tensor& tensor) {
  return static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype());
}

// The first `batch` entries in memory of their own, so that the result may outlive the engine.
Tensor Export(const Tensor& tensor, int64_t batch) {
  if (tensor.empty()) return {};
  const Tensor wanted = tensor.Slice(0, 0, batch);
  auto memory = std::make_shared<std::vector<std::byte>>(Bytes(wanted));
  std::memcpy(memory->data(), wanted.view().raw_data(), memory->size());
  const TensorView view(memory->data(), wanted.dtype(), wanted.shape());
  return Tensor::Share(view, std::move(memory));
}

// Where in Bucket::outputs what begins. Detections are in the order of their fields.
constexpr size_t kDetections = 2;
constexpr size_t kFeatures = kDetections + 5;

absl::StatusOr<Tensor> Float32Copy(OpContext& context, const Value& value) {
  if (value.empty()) return Tensor();
  const OperationScope operation(context, "cast", value);
  LM_ASSIGN_OR_RETURN(Tensor tensor, ops::NewResult(context, DType::kFloat32, value.shape()));
  const Shape rows{value.dim(0), tensor.elements() / value.dim(0)};
  LM_RETURN_IF_ERROR(
      Cast(value.tensor().view().Reshape(rows), tensor.view().Reshape(rows), context.stream));
  return tensor;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> GraphEngine::Create(std::shared_ptr<PackedNetwork> packed) {
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(packed->options.device));
  std::unique_ptr<GraphEngine> engine(new GraphEngine(std::move(packed), std::move(stream)));
  for (std::unique_ptr<Stopwatch>* stopwatch :
       {&engine->copy_in_, &engine->stopwatch_, &engine->copy_out_}) {
    LM_ASSIGN_OR_RETURN(*stopwatch, Stopwatch::Create(engine->stream_));
  }
  return engine;
}

absl::StatusOr<GraphEngine::Bucket*> GraphEngine::Stage(const ConstTensorView& input,
                                                        const ConstTensorView& sizes) {
  LM_RETURN_IF_ERROR(CheckEngineInput(input));
  LM_RETURN_IF_ERROR(CheckImageSizes(sizes, input));
  Shape shape = input.shape();
  shape[0] = BatchBucketFor(input.dim(0));
  LM_ASSIGN_OR_RETURN(Bucket * bucket, FindOrMakeBucket(input.dtype(), shape));
  std::memcpy(bucket->host_input.view().raw_data(), input.raw_data(),
              static_cast<size_t>(input.elements()) * SizeOf(input.dtype()));
  if (!bucket->host_sizes.empty()) {
    WriteImageSizes(sizes, input, bucket->host_sizes.data<float>(), shape[0]);
  }
  return bucket;
}

absl::StatusOr<EngineOutput> GraphEngine::Run(const ConstTensorView& input,
                                              const ConstTensorView& sizes) {
  LM_ASSIGN_OR_RETURN(Bucket * bucket, Stage(input, sizes));
  LM_RETURN_IF_ERROR(Launch(*bucket));

  const int64_t batch = input.dim(0);
  EngineOutput output{.activation_bytes = bucket->activation_bytes};
  LM_ASSIGN_OR_RETURN(output.compute_time, stopwatch_->Elapsed());
  LM_ASSIGN_OR_RETURN(output.copy_in_time, copy_in_->Elapsed());
  LM_ASSIGN_OR_RETURN(output.copy_out_time, copy_out_->Elapsed());
  const std::vector<Tensor>& tensors = bucket->host_outputs;
  output.logits = Export(tensors[0], batch);
  output.pooled = Export(tensors[1], batch);
  if (!tensors[kDetections].empty()) {
    output.detections.emplace(
        EngineDetections{.boxes = Export(tensors[kDetections], batch),
                         .scores = Export(tensors[kDetections + 1], batch),
                         .classes = Export(tensors[kDetections + 2], batch),
                         .counts = Export(tensors[kDetections + 3], batch),
                         .mask_logits = Export(tensors[kDetections + 4], batch)});
  }
  for (size_t i = kFeatures; i < tensors.size(); ++i) {
    output.features.push_back(Export(tensors[i], batch));
  }
  return output;
}

absl::StatusOr<EngineOutput> GraphEngine::Segment(const ConstTensorView& input,
                                                  const LabelMapRequest& request) {
  LM_RETURN_IF_ERROR(CheckEngineInput(input));
  LM_ASSIGN_OR_RETURN(const std::vector<LabelMapSize> sizes, LabelMapSizes(request, input));
  LM_ASSIGN_OR_RETURN(Bucket * bucket, Stage(input, request.sizes));
  const Tensor& logits = bucket->outputs[0];
  LM_RETURN_IF_ERROR(CheckSegmenterLogits(logits));
  LM_RETURN_IF_ERROR(label_maps_.Reserve(sizes, request.confidence, arena_, *pinned_));

  // The maps are apart from the graph, because each has a size of its own.
  LM_RETURN_IF_ERROR(CopyInputs(*bucket));
  LM_RETURN_IF_ERROR(stopwatch_->Start());
  LM_RETURN_IF_ERROR(bucket->graph->Launch(stream_));
  const std::vector<ImageLabels> maps = label_maps_.on_device();
  for (size_t i = 0; i < maps.size(); ++i) {
    LM_RETURN_IF_ERROR(
        MakeLabels(logits.Select(0, static_cast<int64_t>(i)), sizes[i], maps[i], stream_));
  }
  LM_RETURN_IF_ERROR(stopwatch_->Stop());
  LM_RETURN_IF_ERROR(label_maps_.Fetch(stream_));
  LM_RETURN_IF_ERROR(stream_.Synchronize());

  EngineOutput output{.activation_bytes = bucket->activation_bytes};
  LM_ASSIGN_OR_RETURN(output.compute_time, stopwatch_->Elapsed());
  LM_ASSIGN_OR_RETURN(output.label_maps, label_maps_.Export());
  return output;
}

absl::StatusOr<std::vector<OperationProfile>> GraphEngine::Profile(const ConstTensorView& input) {
  LM_ASSIGN_OR_RETURN(Bucket * bucket, Stage(input, {}));
  LM_RETURN_IF_ERROR(CopyInputs(*bucket));
  PassProfiler profiler(stream_);
  std::vector<Tensor> outputs;
  std::vector<Tensor> retained;
  const MutexLock lock(packed_->recording);
  // Takes the memory that recording must not take.
  LM_RETURN_IF_ERROR(Forward(*bucket, {}).status());
  LM_RETURN_IF_ERROR(stream_.Synchronize());
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Graph> graph,
                      Graph::Capture(stream_, [&]() -> absl::Status {
                        LM_ASSIGN_OR_RETURN(outputs, Forward(*bucket, {&profiler, &retained}));
                        return absl::OkStatus();
                      }));
  LM_RETURN_IF_ERROR(graph->Launch(stream_));
  LM_RETURN_IF_ERROR(stream_.Synchronize());
  return profiler.Finish();
}

absl::Status GraphEngine::CopyInputs(Bucket& bucket) {
  if (!bucket.sizes.empty()) {
    LM_RETURN_IF_ERROR(Copy(bucket.host_sizes, bucket.sizes, stream_));
  }
  return Copy(bucket.host_input, bucket.input, stream_);
}

absl::Status GraphEngine::Launch(Bucket& bucket) {
  LM_RETURN_IF_ERROR(copy_in_->Start());
  LM_RETURN_IF_ERROR(CopyInputs(bucket));
  LM_RETURN_IF_ERROR(copy_in_->Stop());
  LM_RETURN_IF_ERROR(stopwatch_->Start());
  LM_RETURN_IF_ERROR(bucket.graph->Launch(stream_));
  LM_RETURN_IF_ERROR(stopwatch_->Stop());
  LM_RETURN_IF_ERROR(copy_out_->Start());
  for (size_t i = 0; i < bucket.outputs.size(); ++i) {
    if (bucket.outputs[i].empty()) continue;
    LM_RETURN_IF_ERROR(Copy(bucket.outputs[i], bucket.host_outputs[i], stream_));
  }
  LM_RETURN_IF_ERROR(copy_out_->Stop());
  return stream_.Synchronize();
}

absl::StatusOr<GraphEngine::Bucket*> GraphEngine::FindOrMakeBucket(DType dtype,
                                                                   const Shape& shape) {
  const BucketKey key(dtype, {shape.dims().begin(), shape.dims().end()});
  if (Bucket* found = buckets_.Find(key); found != nullptr) return found;
  const MutexLock lock(packed_->recording);
  absl::StatusOr<Bucket> bucket = MakeBucket(dtype, shape);
  while (absl::IsResourceExhausted(bucket.status()) && buckets_.DropLeastRecent()) {
    arena_.ReleaseUnused();
    bucket = MakeBucket(dtype, shape);
  }
  if (!bucket.ok()) {
    arena_.ReleaseUnused();  // what the attempt took
    return Annotate(bucket.status(), absl::StrCat("input ", shape.ToString()));
  }
  return buckets_.Insert(key, *std::move(bucket));
}

void GraphEngine::ReleaseMemory() {
  buckets_.Clear();
  label_maps_.Release();
  arena_.ReleaseUnused();
}

absl::StatusOr<GraphEngine::Bucket> GraphEngine::MakeBucket(DType dtype, const Shape& shape) {
  Bucket bucket;
  const size_t bytes_before = arena_.bytes_in_use();
  arena_.ResetPeak();
  LM_ASSIGN_OR_RETURN(bucket.host_input, Tensor::Allocate(*pinned_, dtype, shape));
  LM_ASSIGN_OR_RETURN(bucket.input, Tensor::Allocate(arena_, dtype, shape));
  std::memset(bucket.host_input.view().raw_data(), 0, Bytes(bucket.host_input));
  if (packed_->network->needs_sizes()) {
    const Shape sizes = {shape[0], 2};
    LM_ASSIGN_OR_RETURN(bucket.host_sizes, Tensor::Allocate(*pinned_, DType::kFloat32, sizes));
    LM_ASSIGN_OR_RETURN(bucket.sizes, Tensor::Allocate(arena_, DType::kFloat32, sizes));
    WriteImageSizes({}, bucket.host_input, bucket.host_sizes.data<float>(), shape[0]);
  }
  LM_RETURN_IF_ERROR(CopyInputs(bucket));
  {
    LM_ASSIGN_OR_RETURN(const std::vector<Tensor> warm_up, Forward(bucket, {}));
    LM_RETURN_IF_ERROR(stream_.Synchronize());
  }
  arena_.StartFootprint();
  absl::StatusOr<std::unique_ptr<Graph>> graph = Graph::Capture(stream_, [&]() -> absl::Status {
    LM_ASSIGN_OR_RETURN(bucket.outputs,
                        Forward(bucket, {.profiler = nullptr, .retained = &bucket.retained}));
    return absl::OkStatus();
  });
  bucket.footprint = arena_.TakeFootprint();
  LM_RETURN_IF_ERROR(graph.status());
  bucket.graph = *std::move(graph);
  bucket.activation_bytes = arena_.peak_bytes() - bytes_before;
  for (const Tensor& output : bucket.outputs) {
    Tensor host;
    if (!output.empty()) {
      LM_ASSIGN_OR_RETURN(host, Tensor::Allocate(*pinned_, output.dtype(), output.shape()));
    }
    bucket.host_outputs.push_back(std::move(host));
  }
  return bucket;
}

absl::StatusOr<std::vector<Tensor>> GraphEngine::Forward(const Bucket& bucket,
                                                         const Listeners& listeners) {
  OpContext context{.stream = stream_,
                    .allocator = arena_,
                    .dtype = packed_->options.dtype,
                    .profiler = listeners.profiler,
                    .retained = listeners.retained};
  LM_ASSIGN_OR_RETURN(const Value image,
                      Import(context, bucket.input, packed_->options.normalization));
  ForwardOptions options;
  if (!bucket.sizes.empty()) options.sizes = Value(bucket.sizes);
  LM_ASSIGN_OR_RETURN(const NetworkOutput output,
                      packed_->network->Forward(context, image, options));
  return Outputs(context, output);
}

absl::StatusOr<Value> GraphEngine::Import(OpContext& context, const Tensor& input,
                                          const PixelNormalization& normalization) {
  const LayerScope layer(context, "input");
  if (input.dtype() != DType::kUInt8) return ops::Convert(context, Value(input), context.dtype);
  const OperationScope operation(context, "normalize_pixels", input);
  const Shape shape{input.dim(0), 3, input.dim(1), input.dim(2)};
  LM_ASSIGN_OR_RETURN(Tensor normalized, ops::NewResult(context, context.dtype, shape));
  LM_RETURN_IF_ERROR(NormalizePixels(input, normalization, normalized, context.stream));
  return Value(std::move(normalized));
}

absl::StatusOr<std::vector<Tensor>> GraphEngine::Outputs(OpContext& context,
                                                         const NetworkOutput& output) {
  const LayerScope layer(context, "output");
  std::vector<Tensor> tensors(kFeatures + output.features.size());
  LM_ASSIGN_OR_RETURN(tensors[0], Float32Copy(context, output.logits));
  LM_ASSIGN_OR_RETURN(tensors[1], Float32Copy(context, output.pooled));
  if (output.detections.has_value()) {
    const Detections& found = *output.detections;
    size_t i = kDetections;
    for (const Value* value :
         {&found.boxes, &found.scores, &found.classes, &found.counts, &found.mask_logits}) {
      tensors[i++] = value->tensor();
    }
  }
  for (size_t i = 0; i < output.features.size(); ++i) {
    LM_ASSIGN_OR_RETURN(tensors[kFeatures + i], Float32Copy(context, output.features[i]));
  }
  return tensors;
}

}  // namespace localmamba
