// Where the files of a job are.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_FOLDER_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_FOLDER_H_

#include <string>
#include <utility>

namespace localmamba::server {

class JobFolder {
 public:
  // Begins the names of folders whose jobs are deleted, so that nobody takes them for a job's.
  static constexpr char kDeletedPrefix[] = ".deleted-";

  explicit JobFolder(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  // The job file of the trainer.
  [[nodiscard]] std::string run() const { return path_ + "/run.json"; }
  // What all attempts wrote to standard output and standard error.
  [[nodiscard]] std::string log() const { return path_ + "/log.txt"; }
  // The trainer's own: checkpoints, TensorBoard files, the result.
  [[nodiscard]] std::string output() const { return path_ + "/output"; }
  // Locked as long as a trainer of this job lives, and holds its process id.
  [[nodiscard]] std::string lock() const { return path_ + "/lock"; }

 private:
  std::string path_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_FOLDER_H_
