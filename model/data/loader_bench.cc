// Images a second of TrainingLoader by number of threads; a GPU must not have to wait for it.
//
//   loader_bench [benchmark flags] [FOLDER_OR_TAR PART]
//
// Photos: 500x375 JPEGs of about 100 kB, made up on the spot, by the ImageNet recipe to 224x224.
// Thumbnails: 32x32 JPEGs with a padded crop, a flip and cutmix, decoded or kept decoded.
// With a data set: that part of it in all these ways.
#include <benchmark/benchmark.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/base/counter_random.h"
#include "model/data/training_loader.h"

namespace localmamba {
namespace {

// A folder of made-up JPEGs, train/class/NUMBER.jpg, that lasts as long as the object.
class MadeUpImages {
 public:
  MadeUpImages(int count, int height, int width)
      : root_(std::filesystem::temp_directory_path() /
              ("loader_bench_" + std::to_string(height) + "x" + std::to_string(width))) {
    std::filesystem::create_directories(root_ / "train" / "class");
    for (int i = 0; i < count; ++i) Write(i, height, width);
  }
  MadeUpImages(const MadeUpImages&) = delete;
  MadeUpImages& operator=(const MadeUpImages&) = delete;
  ~MadeUpImages() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  [[nodiscard]] std::string root() const { return root_.string(); }

 private:
  void Write(int number, int height, int width) const {
    // Waves for the shapes and noise for the texture of a photo.
    const CounterRandom random(1, std::to_string(number));
    std::vector<uint8_t> pixels;
    uint64_t next = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 1; c <= 3; ++c) {
          const double wave = std::sin(0.02 * c * x) + std::cos(0.03 * y + c + number);
          const double level = 128 + 45 * wave + 56 * (random.Uniform(next++) - 0.5);
          pixels.push_back(static_cast<uint8_t>(std::clamp(level, 0.0, 255.0)));
        }
      }
    }
    tjhandle compressor = tjInitCompress();
    unsigned char* data = nullptr;
    unsigned long size = 0;
    tjCompress2(compressor, pixels.data(), width, 0, height, TJPF_RGB, &data, &size, TJSAMP_420, 90,
                0);
    std::ofstream(root_ / "train" / "class" / (std::to_string(number) + ".jpg"), std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    tjFree(data);
    tjDestroy(compressor);
  }

  std::filesystem::path root_;
};

absl::StatusOr<std::unique_ptr<TrainingLoader>> MakeLoader(const std::string& path,
                                                           const std::string& part,
                                                           int64_t cache_bytes,
                                                           const TrainingLoaderOptions& options,
                                                           Allocator& host) {
  auto tree = FileTree::Open(path);
  if (!tree.ok()) return tree.status();
  auto folder = ImageFolder::Open(*std::move(tree), part);
  if (!folder.ok()) return folder.status();
  auto store = ImageStore::Create(
      std::make_shared<const ImageFolder>(*std::move(folder)),
      {.cache_bytes = cache_bytes, .wanted_short_side = std::max(options.height, options.width)});
  if (!store.ok()) return store.status();
  return TrainingLoader::Create(*std::move(store), options, host);
}

// Argument: threads.
void Load(benchmark::State& state, const std::string& path, const std::string& part,
          int64_t cache_bytes, TrainingLoaderOptions options) {
  options.threads = static_cast<int>(state.range(0));
  const auto host = CreateHostAllocator(Device::Cpu());
  auto loader = MakeLoader(path, part, cache_bytes, options, *host);
  if (!loader.ok()) return state.SkipWithError(loader.status().ToString().c_str());
  const auto take = [&] {
    const auto batch = (*loader)->Next();
    if (!batch.ok()) state.SkipWithError(batch.status().ToString().c_str());
    return batch.ok();
  };
  // Until the batches that are prefetched, and the decoded images if kept, are there.
  for (int64_t step = 0; step < options.prefetch + (*loader)->steps_per_epoch(); ++step) {
    if (!take()) return;
  }
  const std::clock_t begin = std::clock();
  for ([[maybe_unused]] auto iteration : state) {
    if (!take()) return;
  }
  const double cpu_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const auto images = static_cast<double>(state.iterations() * options.batch_size);
  state.counters["images/s"] = benchmark::Counter(images, benchmark::Counter::kIsRate);
  state.counters["images/s/core"] = images / cpu_seconds;  // of processor time, of all threads
}

void Register(const char* name, const std::string& path, const std::string& part,
              int64_t cache_bytes, const TrainingLoaderOptions& options) {
  auto* registered = benchmark::RegisterBenchmark(name, &Load, path, part, cache_bytes, options);
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  for (int threads = 1; threads <= std::max(cores, 1); threads *= 2) registered->Arg(threads);
  registered->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace localmamba

int main(int argc, char** argv) {
  using namespace localmamba;  // NOLINT(google-build-using-namespace): main is part of it
  benchmark::Initialize(&argc, argv);
  const MadeUpImages photos(64, 375, 500);
  const MadeUpImages thumbnails(512, 32, 32);
  const TrainingLoaderOptions imagenet = {.batch_size = 64};
  TrainingLoaderOptions small = {.batch_size = 128, .height = 32, .width = 32};
  small.augmentation.crop_padding = 4;
  small.augmentation.rand_augment_operations = 0;
  small.augmentation.color_jitter = 0;
  constexpr int64_t kKeepAll = int64_t{1} << 30;
  Register("Photos", photos.root(), "train", 0, imagenet);
  Register("Thumbnails", thumbnails.root(), "train", 0, small);
  Register("ThumbnailsKept", thumbnails.root(), "train", kKeepAll, small);
  if (argc == 3) {
    Register("DataAsPhotos", argv[1], argv[2], 0, imagenet);
    Register("DataAsThumbnails", argv[1], argv[2], 0, small);
    Register("DataAsThumbnailsKept", argv[1], argv[2], kKeepAll, small);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
