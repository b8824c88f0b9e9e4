#include "kernels/device/arena.h"

#include <algorithm>
#include <iterator>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

size_t RoundUp(size_t bytes) {
  return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
}

}  // namespace

Arena::~Arena() { LM_CHECK(bytes_in_use_ == 0); }

absl::StatusOr<Buffer> Arena::Allocate(size_t bytes) {
  if (bytes == 0) return Buffer();
  const size_t wanted = RoundUp(bytes);
  const MutexLock lock(mu_);
  auto fit = free_by_size_.lower_bound({wanted, nullptr});
  if (fit == free_by_size_.end()) {
    const size_t chunk_bytes = std::max(chunk_bytes_, wanted);
    LM_ASSIGN_OR_RETURN(Buffer chunk, upstream_.Allocate(chunk_bytes));
    auto* begin = static_cast<std::byte*>(chunk.data());
    chunks_.emplace(begin, std::make_shared<const Buffer>(std::move(chunk)));
    reserved_bytes_ += chunk_bytes;
    InsertFree(begin, chunk_bytes);
    fit = free_by_size_.lower_bound({wanted, nullptr});
  }
  const auto [block_bytes, begin] = *fit;
  EraseFree(free_.find(begin));
  if (block_bytes > wanted) InsertFree(begin + wanted, block_bytes - wanted);
  bytes_in_use_ += wanted;
  peak_bytes_ = std::max(peak_bytes_, bytes_in_use_);
  if (tracking_) touched_.insert(std::prev(chunks_.upper_bound(begin))->second);
  return Buffer(begin, bytes, this);
}

void Arena::Free(void* data, size_t bytes) {
  const size_t rounded = RoundUp(bytes);
  const MutexLock lock(mu_);
  bytes_in_use_ -= rounded;
  InsertFree(static_cast<std::byte*>(data), rounded);
}

void Arena::InsertFree(std::byte* begin, size_t bytes) {
  // Neighbours are merged within a chunk only: two chunks can touch by accident but are returned
  // apart.
  auto next = free_.lower_bound(begin);
  if (next != free_.end() && begin + bytes == next->first && !chunks_.contains(next->first)) {
    bytes += next->second;
    auto merged = next++;
    EraseFree(merged);
  }
  if (next != free_.begin() && !chunks_.contains(begin)) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == begin) {
      begin = previous->first;
      bytes += previous->second;
      EraseFree(previous);
    }
  }
  free_.emplace(begin, bytes);
  free_by_size_.emplace(bytes, begin);
}

void Arena::EraseFree(std::map<std::byte*, size_t>::iterator block) {
  free_by_size_.erase({block->second, block->first});
  free_.erase(block);
}

size_t Arena::bytes_in_use() const {
  const MutexLock lock(mu_);
  return bytes_in_use_;
}

size_t Arena::peak_bytes() const {
  const MutexLock lock(mu_);
  return peak_bytes_;
}

void Arena::ResetPeak() {
  const MutexLock lock(mu_);
  peak_bytes_ = bytes_in_use_;
}

size_t Arena::reserved_bytes() const {
  const MutexLock lock(mu_);
  return reserved_bytes_;
}

void Arena::StartFootprint() {
  const MutexLock lock(mu_);
  tracking_ = true;
  touched_.clear();
}

Arena::Footprint Arena::TakeFootprint() {
  const MutexLock lock(mu_);
  tracking_ = false;
  Footprint footprint(touched_.begin(), touched_.end());
  touched_.clear();
  return footprint;
}

void Arena::ReleaseUnused() {
  const MutexLock lock(mu_);
  for (auto chunk = chunks_.begin(); chunk != chunks_.end();) {
    const auto block = free_.find(chunk->first);
    // Footprints are the only others that share a chunk.
    const bool unused = block != free_.end() && block->second == chunk->second->bytes() &&
                        chunk->second.use_count() == 1;
    if (unused) {
      reserved_bytes_ -= block->second;
      EraseFree(block);
      chunk = chunks_.erase(chunk);
    } else {
      ++chunk;
    }
  }
}

}  // namespace localmamba
