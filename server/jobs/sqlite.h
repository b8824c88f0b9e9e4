// SQLite's C interface as objects with absl::Status.
//
//   LM_ASSIGN_OR_RETURN(Statement insert, database.Prepare("INSERT INTO t VALUES (?, ?)"));
//   LM_RETURN_IF_ERROR(insert.Bind(7, "text").Run());
#ifndef LOCALMAMBA_SERVER_JOBS_SQLITE_H_
#define LOCALMAMBA_SERVER_JOBS_SQLITE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace localmamba::server {

// A prepared statement; belongs to one Database, which outlives it. Errors of all calls: those of
// Database.
class Statement {
 public:
  // Gives the parameters their values, from the first on. A missing optional is NULL; strings are
  // stored as blobs, byte for byte.
  template <class... Values>
  Statement& Bind(const Values&... values) {
    int index = 0;
    (BindOne(++index, values), ...);
    return *this;
  }

  // To the next row: false if there is none.
  absl::StatusOr<bool> Step();
  // To the end, for statements without rows.
  absl::Status Run();

  // Of the current row, columns counted from 0.
  [[nodiscard]] int64_t Integer(int column) const;
  [[nodiscard]] std::string Bytes(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void BindOne(int index, int64_t value);
  void BindOne(int index, absl::string_view value);
  void BindOne(int index, const std::optional<std::string>& value);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// A connection; one thread uses it at a time. Errors: RESOURCE_EXHAUSTED if the disk is full;
// PERMISSION_DENIED if the file or its folder may not be written; FAILED_PRECONDITION if another
// process uses the file; INTERNAL for the rest. They name the file.
class Database {
 public:
  // Makes the file if it is not there, and keeps other processes out of it. What is committed is on
  // the disk (write-ahead log, flushed at each commit).
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Runs statements without parameters, separated by ";".
  absl::Status Execute(const char* statements);
  absl::StatusOr<Statement> Prepare(absl::string_view text);
  [[nodiscard]] int64_t last_inserted_row() const;

 private:
  explicit Database(sqlite3* connection) : connection_(connection) {}

  sqlite3* const connection_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_SQLITE_H_
