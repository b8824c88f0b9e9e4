// Aligned columns for people.
#ifndef LOCALMAMBA_CLIENT_CLI_TABLE_H_
#define LOCALMAMBA_CLIENT_CLI_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

namespace localmamba::client {

// Writes `rows`, the first of which is the heading, two spaces between columns. Rows have equally
// many cells.
void PrintTable(const std::vector<std::vector<std::string>>& rows, std::ostream& out);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_TABLE_H_
