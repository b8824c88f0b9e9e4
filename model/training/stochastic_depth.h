// Stochastic depth (Huang et al. 2016, arXiv:1603.09382): which branches of which images a step
// drops.
#ifndef LOCALMAMBA_MODEL_TRAINING_STOCHASTIC_DEPTH_H_
#define LOCALMAMBA_MODEL_TRAINING_STOCHASTIC_DEPTH_H_

#include <cstdint>
#include <vector>

namespace localmamba {

// The factors of the branches: for layer l and image b, at l * images + b, 0 with the probability
// drop_path * l / (depth - 1), else 1 / (1 - that probability). A function of its arguments alone.
std::vector<float> BranchFactors(double drop_path, int64_t depth, int64_t images, uint64_t seed,
                                 int64_t step);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_STOCHASTIC_DEPTH_H_
