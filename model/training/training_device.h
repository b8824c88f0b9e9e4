// The device that training runs on: its stream and its memory.
#ifndef LOCALMAMBA_MODEL_TRAINING_TRAINING_DEVICE_H_
#define LOCALMAMBA_MODEL_TRAINING_TRAINING_DEVICE_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/arena.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"

namespace localmamba {

class TrainingDevice {
 public:
  // `cpu_threads`: see Stream::Create. Errors: those of Stream::Create.
  static absl::StatusOr<std::unique_ptr<TrainingDevice>> Create(Device device, int cpu_threads) {
    LM_ASSIGN_OR_RETURN(std::unique_ptr<Allocator> memory, CreateDeviceAllocator(device));
    LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(device, cpu_threads));
    return std::unique_ptr<TrainingDevice>(
        new TrainingDevice(std::move(memory), CreateHostAllocator(device), std::move(stream)));
  }

  Stream& stream() { return stream_; }
  // Activations and gradients, and what the network keeps.
  Arena& arena() { return arena_; }
  // What lives as long as the training: parameters, optimiser state.
  Arena& state() { return state_; }
  // Of the host, to copy from and to.
  Allocator& host() { return *host_; }

  // Of the device, largest use so far.
  [[nodiscard]] size_t peak_bytes() const { return arena_.peak_bytes() + state_.peak_bytes(); }

 private:
  TrainingDevice(std::unique_ptr<Allocator> memory, std::unique_ptr<Allocator> host, Stream stream)
      : memory_(std::move(memory)),
        host_(std::move(host)),
        state_(*memory_),
        arena_(*memory_),
        stream_(std::move(stream)) {}

  std::unique_ptr<Allocator> memory_;
  std::unique_ptr<Allocator> host_;
  Arena state_;
  Arena arena_;
  Stream stream_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_TRAINING_DEVICE_H_
